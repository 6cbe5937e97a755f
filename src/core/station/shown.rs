//! A status as StatusNotification tells of it (`OCPP 1.6 §4.9`).

use crate::core::Fault;
use crate::types::{ChargePointErrorCode, ChargePointStatus, CiString};

/// A status with everything that StatusNotification says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) status: ChargePointStatus,
    pub(crate) error: ChargePointErrorCode,
    pub(crate) info: Option<CiString<50>>,
    pub(crate) vendor_code: Option<CiString<50>>,
}

impl Shown {
    // rules: 45
    /// A status with what is wrong, if that may stand beside it: a vehicle that does not talk is
    /// a matter of some statuses only (`OCPP 1.6 §4.9`).
    pub(crate) fn of(status: ChargePointStatus, wrong: Option<&Fault>) -> Self {
        use ChargePointStatus as S;
        let fits = |fault: &&Fault| {
            fault.code != ChargePointErrorCode::EVCommunicationError
                || matches!(
                    status,
                    S::Preparing | S::SuspendedEV | S::SuspendedEVSE | S::Finishing | S::Faulted
                )
        };
        let wrong = wrong.filter(fits);
        Self {
            status,
            error: wrong.map_or(ChargePointErrorCode::NoError, |fault| fault.code),
            info: wrong.and_then(|fault| fault.info.clone()),
            vendor_code: wrong.and_then(|fault| fault.vendor_code.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ChargePointStatus as S;

    // rules: 45
    #[test]
    fn a_silent_vehicle_is_a_warning_only_where_a_vehicle_should_talk() {
        let warning = Fault {
            code: ChargePointErrorCode::EVCommunicationError,
            info: None,
            vendor_code: None,
        };
        let error = |status| Shown::of(status, Some(&warning)).error;
        assert_eq!(error(S::Charging), ChargePointErrorCode::NoError);
        assert_eq!(error(S::Available), ChargePointErrorCode::NoError);
        for status in [S::Preparing, S::SuspendedEV, S::SuspendedEVSE, S::Finishing] {
            assert_eq!(error(status), ChargePointErrorCode::EVCommunicationError);
        }
    }
}

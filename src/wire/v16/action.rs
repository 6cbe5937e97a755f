//! Actions, and which message goes with each.

use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::value::RawValue;

use super::messages::*;
use crate::types::cut;
use crate::types::words::words;
use crate::wire::json::Mode;
use crate::wire::json::{read, Read};
use crate::wire::json::{ErrorCode, Violation};

/// A request and its answer.
pub trait Request: Serialize + DeserializeOwned {
    /// The action it asks for.
    const ACTION: Action;
    /// What answers it.
    type Response: Serialize + DeserializeOwned;
}

macro_rules! requests {
    ($($name:ident => $response:ident,)*) => {
        words! {
            /// An action: OCPP 1.6 §4 and §5, and the security whitepaper §5. Case matters.
            Action { $($name,)* }
        }

        $(impl Request for $name {
            const ACTION: Action = Action::$name;
            type Response = $response;
        })*
    };
}

requests! {
    Authorize => AuthorizeResponse,
    BootNotification => BootNotificationResponse,
    CancelReservation => CancelReservationResponse,
    CertificateSigned => CertificateSignedResponse,
    ChangeAvailability => ChangeAvailabilityResponse,
    ChangeConfiguration => ChangeConfigurationResponse,
    ClearCache => ClearCacheResponse,
    ClearChargingProfile => ClearChargingProfileResponse,
    DataTransfer => DataTransferResponse,
    DeleteCertificate => DeleteCertificateResponse,
    DiagnosticsStatusNotification => DiagnosticsStatusNotificationResponse,
    ExtendedTriggerMessage => ExtendedTriggerMessageResponse,
    FirmwareStatusNotification => FirmwareStatusNotificationResponse,
    GetCompositeSchedule => GetCompositeScheduleResponse,
    GetConfiguration => GetConfigurationResponse,
    GetDiagnostics => GetDiagnosticsResponse,
    GetInstalledCertificateIds => GetInstalledCertificateIdsResponse,
    GetLocalListVersion => GetLocalListVersionResponse,
    GetLog => GetLogResponse,
    Heartbeat => HeartbeatResponse,
    InstallCertificate => InstallCertificateResponse,
    LogStatusNotification => LogStatusNotificationResponse,
    MeterValues => MeterValuesResponse,
    RemoteStartTransaction => RemoteStartTransactionResponse,
    RemoteStopTransaction => RemoteStopTransactionResponse,
    ReserveNow => ReserveNowResponse,
    Reset => ResetResponse,
    SecurityEventNotification => SecurityEventNotificationResponse,
    SendLocalList => SendLocalListResponse,
    SetChargingProfile => SetChargingProfileResponse,
    SignCertificate => SignCertificateResponse,
    SignedFirmwareStatusNotification => SignedFirmwareStatusNotificationResponse,
    SignedUpdateFirmware => SignedUpdateFirmwareResponse,
    StartTransaction => StartTransactionResponse,
    StatusNotification => StatusNotificationResponse,
    StopTransaction => StopTransactionResponse,
    TriggerMessage => TriggerMessageResponse,
    UnlockConnector => UnlockConnectorResponse,
    UpdateFirmware => UpdateFirmwareResponse,
}

impl Action {
    /// Whether a charge point may ask for it. Both sides may ask for DataTransfer.
    #[must_use]
    #[allow(clippy::wrong_self_convention)]
    pub fn from_charge_point(self) -> bool {
        self == Self::DataTransfer || !self.from_central()
    }
}

macro_rules! central_requests {
    ($($name:ident($($request:tt)*),)*) => {
        /// A request that the central system may make.
        #[derive(Clone, Debug, PartialEq)]
        pub enum CentralRequest {
            $(
                #[doc = concat!("See [`", stringify!($name), "`](struct@", stringify!($name), ").")]
                $name($($request)*),
            )*
        }

        impl CentralRequest {
            /// The action it asks for.
            #[must_use]
            pub const fn action(&self) -> Action {
                match self {
                    $(Self::$name(_) => Action::$name,)*
                }
            }
        }

        impl Action {
            /// Whether the central system may ask for it.
            #[must_use]
            #[allow(clippy::wrong_self_convention)]
            pub const fn from_central(self) -> bool {
                matches!(self, $(Self::$name)|*)
            }
        }

        /// Reads the payload of a call.
        ///
        /// # Errors
        /// Those of [`read`](crate::wire::json::read()); `NotImplemented` for an action that nobody knows,
        /// `NotSupported` for one that only a charge point may ask for (OCPP-J 1.6 §4.2.3).
        pub fn read_request(
            action: &str,
            payload: &RawValue,
            mode: Mode,
        ) -> Result<Read<CentralRequest>, Violation> {
            let Some(known) = Action::parse(action) else {
                let text = format!("unknown action `{}`", cut(action, 50));
                return Err(Violation::new(ErrorCode::NotImplemented, text));
            };
            match known {
                $(Action::$name => Ok(read(payload, mode)?.map(CentralRequest::$name)),)*
                _ => {
                    let text = format!("{action} is for charge points to send");
                    Err(Violation::new(ErrorCode::NotSupported, text))
                }
            }
        }
    };
}

central_requests! {
    CancelReservation(CancelReservation),
    CertificateSigned(CertificateSigned),
    ChangeAvailability(ChangeAvailability),
    ChangeConfiguration(ChangeConfiguration),
    ClearCache(ClearCache),
    ClearChargingProfile(ClearChargingProfile),
    DataTransfer(DataTransfer),
    DeleteCertificate(Box<DeleteCertificate>),
    ExtendedTriggerMessage(ExtendedTriggerMessage),
    GetCompositeSchedule(GetCompositeSchedule),
    GetConfiguration(GetConfiguration),
    GetDiagnostics(Box<GetDiagnostics>),
    GetInstalledCertificateIds(GetInstalledCertificateIds),
    GetLocalListVersion(GetLocalListVersion),
    GetLog(Box<GetLog>),
    InstallCertificate(InstallCertificate),
    RemoteStartTransaction(Box<RemoteStartTransaction>),
    RemoteStopTransaction(RemoteStopTransaction),
    ReserveNow(ReserveNow),
    Reset(Reset),
    SendLocalList(SendLocalList),
    SetChargingProfile(Box<SetChargingProfile>),
    SignedUpdateFirmware(Box<SignedUpdateFirmware>),
    TriggerMessage(TriggerMessage),
    UnlockConnector(UnlockConnector),
    UpdateFirmware(Box<UpdateFirmware>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::v16::{AvailabilityType, ResetType};
    use serde_json::{json, value::to_raw_value, Value};

    fn read_request(
        action: &str,
        payload: &Value,
        mode: Mode,
    ) -> Result<Read<CentralRequest>, Violation> {
        super::read_request(action, &to_raw_value(payload).unwrap(), mode)
    }

    #[test]
    fn there_are_28_actions_of_the_specification_and_11_of_the_whitepaper() {
        assert_eq!(Action::ALL.len(), 39);
    }

    #[test]
    fn only_data_transfer_goes_both_ways() {
        let both = |action: &&Action| action.from_central() && action.from_charge_point();
        let both: Vec<_> = Action::ALL.iter().filter(both).collect();
        assert_eq!(both, [&Action::DataTransfer]);
        let central = Action::ALL
            .iter()
            .filter(|action| action.from_central())
            .count();
        assert_eq!(central, 26);
        assert!(Action::Authorize.from_charge_point());
        assert!(!Action::Reset.from_charge_point());
    }

    #[test]
    fn a_request_of_the_central_system_is_read_by_its_action() {
        let payload = json!({"connectorId": 1, "type": "Operative"});
        let read = read_request("ChangeAvailability", &payload, Mode::Strict).unwrap();
        let expected = ChangeAvailability {
            connector_id: 1,
            r#type: AvailabilityType::Operative,
        };
        assert_eq!(read.value.action(), Action::ChangeAvailability);
        assert_eq!(read.value, CentralRequest::ChangeAvailability(expected));
    }

    #[test]
    fn tolerant_reading_lists_what_it_skipped() {
        let payload = json!({"type": "Hard", "why": "I can"});
        let read = read_request("Reset", &payload, Mode::Tolerant).unwrap();
        let expected = Reset {
            r#type: ResetType::Hard,
        };
        assert_eq!(read.value, CentralRequest::Reset(expected));
        assert_eq!(read.ignored, ["why"]);
    }

    // rules: 8, 12
    #[test]
    fn an_unknown_action_is_not_implemented() {
        for action in ["Explode", "reset", ""] {
            let error = read_request(action, &json!({}), Mode::Strict).unwrap_err();
            assert_eq!(error.code, ErrorCode::NotImplemented, "{action}");
        }
    }

    // rules: 12
    #[test]
    fn an_action_of_charge_points_is_not_supported_whatever_its_payload() {
        for action in Action::ALL.iter().filter(|action| !action.from_central()) {
            let error = read_request(action.as_str(), &json!({"x": 1}), Mode::Strict).unwrap_err();
            assert_eq!(error.code, ErrorCode::NotSupported, "{action}");
        }
    }

    #[test]
    fn a_request_knows_its_action_and_answer() {
        fn action<R: Request>() -> Action {
            R::ACTION
        }
        assert_eq!(action::<StopTransaction>(), Action::StopTransaction);
        let answer: <Authorize as Request>::Response =
            serde_json::from_value(json!({"idTagInfo": {"status": "Accepted"}})).unwrap();
        assert_eq!(answer.id_tag_info.status.as_str(), "Accepted");
    }
}

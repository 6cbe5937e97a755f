//! Small values of the charger's world that cannot be wrong.

use core::cmp::Ordering;
use core::fmt;

use crate::time::Wall;
use crate::types::{ChargingRateUnitType, Location, Measurand, Phase};

// rules: 35
/// A connector that a vehicle can be plugged into: 1 and up. Connector 0 of OCPP, the charge point
/// itself, is a [`Place`] and no connector. `OCPP 1.6 §3.8`
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectorId(u16);

impl ConnectorId {
    /// The most connectors that one charge point has.
    pub const MAX: u16 = 256;

    /// A connector by its OCPP number; `None` for 0 and for numbers over [`ConnectorId::MAX`].
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        match u16::try_from(number) {
            Ok(n) if (1..=Self::MAX).contains(&n) => Some(Self(n)),
            _ => None,
        }
    }

    /// Its OCPP number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0 as u32
    }

    /// Its place in an array of all connectors.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize - 1
    }
}

impl fmt::Debug for ConnectorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connector {}", self.0)
    }
}

impl fmt::Display for ConnectorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A connector, or the charge point as a whole: connector 0 of OCPP, where the main meter is.
/// `OCPP 1.6 §3.8`
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The charge point as a whole.
    ChargePoint,
    /// One connector.
    Connector(ConnectorId),
}

impl Place {
    /// A place by its OCPP number; `None` for numbers over [`ConnectorId::MAX`].
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::ChargePoint),
            _ => ConnectorId::new(number).map(Self::Connector),
        }
    }

    /// Its OCPP number.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::ChargePoint => 0,
            Self::Connector(at) => at.number(),
        }
    }

    /// Its number as messages have it: connectorId.
    pub(crate) fn connector_id(self) -> i32 {
        i32::try_from(self.number()).unwrap_or(i32::MAX)
    }

    /// Its place in an array of all places.
    pub(crate) const fn index(self) -> usize {
        self.number() as usize
    }

    /// The connector, if it is one.
    #[must_use]
    pub const fn connector(self) -> Option<ConnectorId> {
        match self {
            Self::ChargePoint => None,
            Self::Connector(at) => Some(at),
        }
    }
}

impl From<ConnectorId> for Place {
    fn from(at: ConnectorId) -> Self {
        Self::Connector(at)
    }
}

/// For the log: "connector 1", or "charge point".
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChargePoint => f.write_str("charge point"),
            Self::Connector(at) => write!(f, "connector {at}"),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.connector().fmt(f)
    }
}

/// A transaction, by the number the charge point itself gave it: unique in one store, 1 and up,
/// never used again, also not after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TxId(pub u64);

/// The place of a message in the queue of transaction messages: they leave in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

/// Energy on the import register of a meter, in watt-hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wh(pub i64);

/// When something happened, and whether the clock that said so had ever been set: if it had not,
/// the time is corrected as soon as the right one is known (`OCPP 1.6 §4.2.1`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The time by the charge point's clock.
    pub wall: Wall,
    /// Whether that clock had been set before, by the central system or by the device.
    pub synced: bool,
}

/// One value that a meter showed, in the canonical unit of its measurand (Wh, W, A, V, %, °C, Hz,
/// var, varh, rpm), in thousandths of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What was measured.
    pub measurand: Measurand,
    /// On which phase; `None` for all of them or where there are none.
    pub phase: Option<Phase>,
    /// Where; `None` for the usual place of the measurand.
    pub location: Option<Location>,
    /// The value in thousandths.
    pub milli: i64,
}

impl Reading {
    /// A reading of the import register, the one value that every charger has.
    #[must_use]
    pub const fn energy(wh: Wh) -> Self {
        Self {
            measurand: Measurand::EnergyActiveImportRegister,
            phase: None,
            location: None,
            milli: wh.0.saturating_mul(1000),
        }
    }

    /// The import register in watt-hours, if this reading is one of the whole connector.
    #[must_use]
    pub fn as_energy(&self) -> Option<Wh> {
        let outlet = matches!(self.location, None | Some(Location::Outlet));
        let register = self.measurand == Measurand::EnergyActiveImportRegister;
        let whole = register && outlet && self.phase.is_none();
        whole.then(|| Wh(self.milli.saturating_add(500).div_euclid(1000)))
    }

    /// The value as text for a message: no exponent, no trailing zeros.
    #[must_use]
    pub fn text(&self) -> String {
        let whole = self.milli.unsigned_abs() / 1000;
        let rest = self.milli.unsigned_abs() % 1000;
        let sign = if self.milli < 0 { "-" } else { "" };
        if rest == 0 {
            return format!("{sign}{whole}");
        }
        let digits = format!("{rest:03}");
        format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

/// What a connector may draw now: a complete command, which replaces any former one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supply {
    /// Whether the contactor may be closed at all.
    pub permit: bool,
    /// Whether the lock of the connector is to be closed; open it where this is `false`.
    pub lock: bool,
    /// Current per phase in tenths of an ampere; 0 unless it is permitted.
    pub deciamps: Option<u32>,
    /// Power over all phases in tenths of a watt; 0 unless it is permitted.
    pub deciwatts: Option<u64>,
    /// How many phases may be used, 1 to 3; `None`: all that there are.
    pub phases: Option<u8>,
    /// The transaction that is served.
    pub tx: Option<TxId>,
}

impl Supply {
    /// What of it takes something away from a former command, in the units in which the sum over all
    /// connectors is bounded; the first command takes all away.
    pub(crate) fn what_is_less(
        self,
        before: Option<&Self>,
        bounded: impl Iterator<Item = ChargingRateUnitType>,
    ) -> Option<Self> {
        let Some(before) = before.filter(|_| self.permit) else {
            return (!self.permit).then_some(self);
        };
        let (mut less, mut more) = (false, false);
        for unit in bounded {
            let order = match unit {
                ChargingRateUnitType::A => self.deciamps.cmp(&before.deciamps),
                ChargingRateUnitType::W => self.deciwatts.cmp(&before.deciwatts),
            };
            less |= order == Ordering::Less;
            more |= order == Ordering::Greater;
        }
        let both = Self {
            deciamps: self.deciamps.min(before.deciamps),
            deciwatts: self.deciwatts.min(before.deciwatts),
            ..self
        };
        less.then_some(if more { both } else { self })
    }

    /// Nothing flows.
    pub const OFF: Self = Self {
        permit: false,
        lock: false,
        deciamps: Some(0),
        deciwatts: Some(0),
        phases: None,
        tx: None,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_written_without_exponent_and_trailing_zeros() {
        let text = |milli| {
            Reading {
                milli,
                ..Reading::energy(Wh(0))
            }
            .text()
        };
        assert_eq!(text(230_100), "230.1");
        assert_eq!(text(-1_005), "-1.005");
        assert_eq!(text(16_000), "16");
        assert_eq!(text(-20), "-0.02");
        assert_eq!(text(0), "0");
    }

    // rules: 35
    #[test]
    fn connector_zero_is_not_a_connector() {
        assert_eq!(ConnectorId::new(0), None);
        assert_eq!(ConnectorId::new(257), None);
        assert_eq!(ConnectorId::new(1).map(ConnectorId::index), Some(0));
    }

    #[test]
    fn only_the_register_at_the_outlet_is_the_bill() {
        let at = |location| {
            Reading {
                location,
                ..Reading::energy(Wh(7))
            }
            .as_energy()
        };
        assert_eq!(at(Some(Location::Outlet)), Some(Wh(7)));
        assert_eq!(at(Some(Location::Inlet)), None);
    }

    #[test]
    fn watt_hours_are_rounded_to_the_nearest() {
        let of = |milli| {
            Reading {
                milli,
                ..Reading::energy(Wh(0))
            }
            .as_energy()
        };
        assert_eq!(of(1_499), Some(Wh(1)));
        assert_eq!(of(1_500), Some(Wh(2)));
    }
}

//! The table of configuration keys (`OCPP 1.6 §9`): names, rights, types, ranges, defaults.

/// What the central system may do with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Read and write.
    ReadWrite,
    /// Read only.
    ReadOnly,
    /// Write only: it is never shown.
    WriteOnly,
}

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number in this range.
    Int(i64, i64),
    /// Measurands with optional phases, comma separated; at most as many as the other key says.
    Measurands(Key),
    /// `Current`, `Power` or both, comma separated (`OCPP 1.6 §9.4.2`).
    RateUnits,
    /// Feature profiles that there are, comma separated (`OCPP 1.6 §9.1.29`).
    Profiles,
    /// `connector.rotation`, comma separated (`OCPP 1.6 §9.1.7`).
    PhaseRotation,
    /// Any text.
    Text,
    /// A tag.
    Tag,
    /// HTTP basic authentication password (security whitepaper A00.FR.205).
    Password,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct KeyRow {
    /// Its name as OCPP spells it.
    pub name: &'static str,
    /// What the central system may do.
    pub rights: Rights,
    pub(crate) kind: Kind,
    /// Its value until somebody changes it.
    pub default: &'static str,
}

impl KeyRow {
    /// What its value may be, in words: "true or false", "0 to 100".
    #[must_use]
    pub fn values(&self) -> String {
        match self.kind {
            Kind::Bool => "true or false".to_owned(),
            Kind::Int(min, MAX_S) => format!("{min} and up"),
            Kind::Int(min, max) => format!("{min} to {max}"),
            Kind::Measurands(most) => format!("measurands, at most {}", most.row().name),
            Kind::RateUnits => "Current, Power".to_owned(),
            Kind::Profiles => PROFILES.join(", "),
            Kind::PhaseRotation => "connector.rotation, ...".to_owned(),
            Kind::Text => "text".to_owned(),
            Kind::Tag => "1 to 20 characters".to_owned(),
            Kind::Password => "32 to 40 hexadecimal digits, or 16 to 20 characters".to_owned(),
        }
    }
}

/// The feature profiles that there are (`OCPP 1.6 §3.2`).
pub(super) const PROFILES: [&str; 3] = ["Core", "RemoteTrigger", "SmartCharging"];

/// The most seconds that an interval may have: a hundred years, so that no sum overflows.
const MAX_S: i64 = 3_155_760_000;

macro_rules! keys {
    ($($name:ident $rights:ident $kind:expr, $default:expr;)*) => {
        /// A configuration key that the library knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Key {
            $(
                #[doc = concat!("`", stringify!($name), "`")]
                $name,
            )*
        }

        impl Key {
            /// All keys, in the order of the standard.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }

        /// The table, in the order of [`Key::ALL`].
        pub const KEYS: &[KeyRow] = &[
            $(KeyRow {
                name: stringify!($name),
                rights: Rights::$rights,
                kind: $kind,
                default: $default,
            },)*
        ];
    };
}

// rules: 126
keys! {
    AllowOfflineTxForUnknownId ReadWrite Kind::Bool, "false";
    AuthorizationCacheEnabled ReadWrite Kind::Bool, "true";
    AuthorizationKey WriteOnly Kind::Password, "";
    AuthorizeRemoteTxRequests ReadWrite Kind::Bool, "true";
    ChargeProfileMaxStackLevel ReadOnly Kind::Int(0, 1_000_000), "100";
    ChargingScheduleAllowedChargingRateUnit ReadOnly Kind::RateUnits, "Current,Power";
    ChargingScheduleMaxPeriods ReadOnly Kind::Int(1, 100_000), "1000";
    ClockAlignedDataInterval ReadWrite Kind::Int(0, MAX_S), "0";
    ConnectionTimeOut ReadWrite Kind::Int(0, MAX_S), "60";
    ConnectorSwitch3to1PhaseSupported ReadOnly Kind::Bool, "false";
    ConnectorPhaseRotation ReadWrite Kind::PhaseRotation, "NotApplicable";
    ConnectorPhaseRotationMaxLength ReadOnly Kind::Int(1, 257), "257";
    FreeCharging ReadWrite Kind::Bool, "false";
    GetConfigurationMaxKeys ReadOnly Kind::Int(1, 1_000), "50";
    HeartbeatInterval ReadWrite Kind::Int(0, MAX_S), "300";
    LocalAuthorizeOffline ReadWrite Kind::Bool, "true";
    LocalPreAuthorize ReadWrite Kind::Bool, "false";
    MaxChargingProfilesInstalled ReadOnly Kind::Int(0, 10_000), "50";
    MaxEnergyOnInvalidId ReadWrite Kind::Int(0, 1_000_000_000), "0";
    MessageTimeout ReadWrite Kind::Int(1, 3_600), "30";
    MeterValuesAlignedData ReadWrite Kind::Measurands(Key::MeterValuesAlignedDataMaxLength), "Energy.Active.Import.Register";
    MeterValuesAlignedDataMaxLength ReadOnly Kind::Int(1, 1_000), "32";
    MeterValuesSampledData ReadWrite Kind::Measurands(Key::MeterValuesSampledDataMaxLength), "Energy.Active.Import.Register";
    MeterValuesSampledDataMaxLength ReadOnly Kind::Int(1, 1_000), "32";
    MeterValueSampleInterval ReadWrite Kind::Int(0, MAX_S), "60";
    MinimumStatusDuration ReadWrite Kind::Int(0, MAX_S), "0";
    NumberOfConnectors ReadOnly Kind::Int(1, 256), "1";
    ResetRetries ReadWrite Kind::Int(0, 100), "1";
    RfidTagFreeCharging ReadWrite Kind::Tag, "FreeCharging";
    SecurityProfile ReadOnly Kind::Int(0, 3), "0";
    StopTransactionOnEVSideDisconnect ReadWrite Kind::Bool, "true";
    StopTransactionOnInvalidId ReadWrite Kind::Bool, "true";
    StopTransactionMaxMeterValues ReadOnly Kind::Int(2, 1_000), "50";
    StopTxnAlignedData ReadWrite Kind::Measurands(Key::StopTxnAlignedDataMaxLength), "";
    StopTxnAlignedDataMaxLength ReadOnly Kind::Int(1, 1_000), "32";
    StopTxnSampledData ReadWrite Kind::Measurands(Key::StopTxnSampledDataMaxLength), "";
    StopTxnSampledDataMaxLength ReadOnly Kind::Int(1, 1_000), "32";
    SupportedFeatureProfiles ReadOnly Kind::Profiles, "Core,RemoteTrigger,SmartCharging";
    SupportedFeatureProfilesMaxLength ReadOnly Kind::Int(1, 1_000), "6";
    SupportedFileTransferProtocols ReadOnly Kind::Text, "";
    TransactionMessageAttempts ReadWrite Kind::Int(1, 1_000), "10";
    TransactionMessageRetryInterval ReadWrite Kind::Int(0, 86_400), "60";
    UnlockConnectorOnEVSideDisconnect ReadWrite Kind::Bool, "true";
    WebSocketPingInterval ReadWrite Kind::Int(0, MAX_S), "30";
}

impl Key {
    /// The key of that name; upper and lower case do not matter.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|key| key.row().name.eq_ignore_ascii_case(name))
    }

    /// Its row of the table.
    #[must_use]
    pub fn row(self) -> &'static KeyRow {
        // The table is made in the same order as the enum, by the same macro.
        &KEYS[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // rules: 19, 121
    #[test]
    fn names_are_found_in_any_case() {
        assert_eq!(
            Key::by_name("heartbeatinterval"),
            Some(Key::HeartbeatInterval)
        );
        assert_eq!(Key::by_name("Heartbeat"), None);
    }

    #[test]
    fn each_key_is_at_its_own_row() {
        for key in Key::ALL {
            assert_eq!(format!("{key:?}"), key.row().name);
        }
    }
}

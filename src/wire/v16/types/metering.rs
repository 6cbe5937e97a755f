//! Meter values.

use serde::{Deserialize, Serialize};

use crate::time::Wall;
use crate::types::SampledValue;

/// Samples taken at the same time: OCPP 1.6 §7.33.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MeterValue {
    /// When they were taken.
    pub timestamp: Wall,
    /// The samples, one or more.
    pub sampled_value: Vec<SampledValue>,
}

//! Charging profiles over the wire: installed, cleared, asked about
//! (`OCPP 1.6 §5.5`, `§5.7`, `§5.16`).

use serde_json::value::RawValue;

use super::{Context, V16};
use crate::core::station::{Composite, Profile};
use crate::core::Origin;
use crate::types::{
    ChargingProfile, ChargingRateUnitType as Unit, ChargingSchedule, ChargingSchedulePeriod, Tenths,
};
use crate::wire::json::{read, ErrorCode, MessageId, Mode, Violation};
use crate::wire::v16::{
    ChargingProfileStatus, ClearChargingProfile, ClearChargingProfileResponse,
    ClearChargingProfileStatus, GetCompositeSchedule, GetCompositeScheduleResponse,
    GetCompositeScheduleStatus, SetChargingProfile, SetChargingProfileResponse,
};

/// Reads a charging profile of OCPP 1.6 (§7.8), a JSON object, as strictly as those that come in a
/// SetChargingProfile. Whether it makes sense is looked at when it is installed.
///
/// # Errors
/// What is wrong with the text, and where.
pub fn read_profile(text: &str) -> Result<ChargingProfile, String> {
    let payload: &RawValue =
        serde_json::from_str(text).map_err(|why| format!("it is no JSON: {why}"))?;
    if payload.get() == "null" {
        return Err("it is null, and no object".to_owned());
    }
    match read::<ChargingProfile>(payload, Mode::Strict) {
        Ok(read) => {
            if let Some(path) = read.rounded {
                log::warn!("{path} has more than one decimal: such limits are rounded down");
            }
            Ok(read.value)
        }
        Err(Violation { path, text, .. }) if path.is_empty() => Err(text),
        Err(Violation { path, text, .. }) => Err(format!("{path}: {text}")),
    }
}

impl V16 {
    pub(super) fn on_set_profile(
        &mut self,
        id: &MessageId,
        request: &SetChargingProfile,
        cx: &mut Context<'_>,
    ) {
        let Some(place) = cx.station.place(request.connector_id) else {
            let text = format!(
                "connectorId: there is no connector {}",
                request.connector_id
            );
            return self.refuse(id, ErrorCode::PropertyConstraintViolation, &text, cx);
        };
        let wanted = &request.cs_charging_profiles;
        let set = self.at_station(cx, |station, cx| station.set_profile(place, wanted, cx));
        let status = match set {
            Ok(()) => ChargingProfileStatus::Accepted,
            Err(why) => {
                log::warn!("a charging profile is refused: {why}");
                ChargingProfileStatus::Rejected
            }
        };
        Self::respond(id.as_str(), &SetChargingProfileResponse { status }, cx);
    }

    // rules: 153
    pub(super) fn on_clear_profile(
        &self,
        id: &MessageId,
        request: &ClearChargingProfile,
        cx: &mut Context<'_>,
    ) {
        let fits = |profile: &Profile| match request.id {
            // An id alone decides (errata 3.25).
            Some(wanted) => profile.id == wanted,
            None => {
                let place = profile.place.number();
                let here = |wanted| u32::try_from(wanted) == Ok(place);
                request.connector_id.map_or(true, here)
                    && request
                        .charging_profile_purpose
                        .map_or(true, |p| p == profile.purpose)
                    && request
                        .stack_level
                        .map_or(true, |level| level == profile.level)
            }
        };
        let any = self.at_station(cx, |station, cx| {
            station.clear_profiles(Origin::Central, fits, cx)
        });
        let status = match any {
            true => ClearChargingProfileStatus::Accepted,
            false => ClearChargingProfileStatus::Unknown,
        };
        Self::respond(id.as_str(), &ClearChargingProfileResponse { status }, cx);
    }

    // rules: 152
    pub(super) fn on_get_composite(
        id: &MessageId,
        request: &GetCompositeSchedule,
        cx: &mut Context<'_>,
    ) {
        let amperes = cx.settings().allows_rate("Current");
        let allowed = |unit: &Unit| match unit {
            Unit::A => amperes,
            Unit::W => cx.settings().allows_rate("Power"),
        };
        let unit = request
            .charging_rate_unit
            .unwrap_or(if amperes { Unit::A } else { Unit::W });
        let place = cx
            .station
            .place(request.connector_id)
            .filter(|_| allowed(&unit));
        let answer = match place.filter(|_| request.duration >= 0) {
            None => GetCompositeScheduleResponse {
                status: GetCompositeScheduleStatus::Rejected,
                connector_id: None,
                schedule_start: None,
                charging_schedule: None,
            },
            Some(place) => {
                let (duration, now) = (i64::from(request.duration), cx.now.mono);
                let composite = cx.station.composite(place, duration, unit, now, cx.ledger);
                let (start, composite, phases) = composite;
                GetCompositeScheduleResponse {
                    status: GetCompositeScheduleStatus::Accepted,
                    connector_id: Some(request.connector_id),
                    schedule_start: Some(start),
                    charging_schedule: Some(schedule_of(&composite, unit, phases)),
                }
            }
        };
        Self::respond(id.as_str(), &answer, cx);
    }
}

/// `phases`: how many there are where no profile says less, if that is to be said.
fn schedule_of(composite: &Composite, unit: Unit, phases: Option<u8>) -> ChargingSchedule {
    let periods = composite
        .periods
        .iter()
        .map(|(start, limit)| ChargingSchedulePeriod {
            start_period: i32::try_from(*start).unwrap_or(i32::MAX),
            limit: Tenths(limit.tenths),
            number_phases: limit.phases.or(phases).map(i32::from),
        });
    ChargingSchedule {
        duration: Some(i32::try_from(composite.duration).unwrap_or(i32::MAX)),
        start_schedule: None,
        charging_rate_unit: unit,
        charging_schedule_period: periods.collect(),
        min_charging_rate: None,
    }
}

//! The commands of the control protocol.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use evcp::core::{Act, Fact, Fault, Place};
use evcp::types::{ChargePointErrorCode, CiString, IdToken, Reason};
use serde_json::{json, Value};

use crate::station::{id, Later, Station};

/// Why a command was not taken.
pub enum Refusal {
    Invalid(String),
    Unsupported,
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Self::Invalid(why)
    }
}

impl From<&str> for Refusal {
    fn from(why: &str) -> Self {
        Self::Invalid(why.to_owned())
    }
}

impl Station {
    fn index(&self, command: &Value) -> Result<usize, String> {
        let number = command["connector"]
            .as_u64()
            .ok_or("connector is missing")?;
        let index = usize::try_from(number).unwrap_or(0).checked_sub(1);
        let index = index.filter(|index| *index < self.outlets.len());
        index.ok_or_else(|| format!("there is no connector {number}"))
    }

    /// Carries out a command: `Ok` is what the reply has beside `ok`.
    pub fn command(&mut self, name: &str, command: &Value) -> Result<Value, Refusal> {
        let done = Ok(json!({}));
        match name {
            "plug_in" => {
                let at = self.index(command)?;
                let outlet = &mut self.outlets[at];
                outlet.tick();
                (outlet.cable, outlet.vehicle, outlet.hungry) = (true, true, true);
                self.keep_vehicles();
                let outlet = &self.outlets[at];
                if outlet.lock_fails {
                    let fault = fault_of("ConnectorLockFailure", &Value::Null)?;
                    self.tell(Fact::Fault(Place::Connector(id(at)?), Some(fault)))?;
                }
                self.tell_ev(at)?;
                done
            }
            "plug_out" => {
                let at = self.index(command)?;
                let outlet = &mut self.outlets[at];
                outlet.tick();
                let side = command["side"].as_str().unwrap_or("both");
                (outlet.vehicle, outlet.awake) = (false, false);
                if side != "ev" {
                    outlet.cable = false;
                }
                self.keep_vehicles();
                self.tell_ev(at)?;
                done
            }
            "present_id_tag" => {
                let tag = command["id_tag"].as_str().ok_or("id_tag is missing")?;
                let tag = IdToken::new(tag).map_err(|_| "id_tag has more than 20 characters")?;
                let mut at = Vec::new();
                for number in command["connectors"].as_array().into_iter().flatten() {
                    at.push(id(self.index(&json!({ "connector": number }))?)?);
                }
                if !command["connector"].is_null() {
                    at.push(id(self.index(command)?)?);
                }
                self.act(Act::Tag(at, tag))?;
                done
            }
            "ev_state" => {
                let at = self.index(command)?;
                let outlet = &mut self.outlets[at];
                outlet.tick();
                outlet.hungry = match command["state"].as_str() {
                    Some("charging") => true,
                    Some("suspended") => false,
                    _ => return Err("state must be \"charging\" or \"suspended\"".into()),
                };
                outlet.awake |= outlet.hungry && outlet.supply.permit;
                self.keep_vehicles();
                self.tell_ev(at)?;
                done
            }
            "meter" => {
                let at = self.index(command)?;
                self.outlets[at].set_readings(command);
                if let Some(signed) = command["signed"].as_str() {
                    self.tell(Fact::SignedMeter(id(at)?, signed.to_owned()))?;
                }
                let readings = self.outlets[at].readings();
                // A meter does not forget what it has shown, whenever the process is killed.
                self.keep_meters();
                self.tell(Fact::Meter(Place::Connector(id(at)?), readings))?;
                done
            }
            "fault" | "clear_fault" => self.fault(name, command),
            "lock" => {
                let at = self.index(command)?;
                let fails = command["fail"]
                    .as_bool()
                    .ok_or("fail must be true or false")?;
                self.outlets[at].lock_fails = fails;
                done
            }
            "network" => {
                let up = command["up"].as_bool().ok_or("up must be true or false")?;
                self.tell(Fact::Network(up))?;
                done
            }
            "storage" => {
                let fails = command["fail"]
                    .as_bool()
                    .ok_or("fail must be true or false")?;
                self.disk_fails.store(fails, Ordering::Release);
                done
            }
            "power_loss" => {
                self.keep_meters();
                if command["backup"] == true {
                    self.act(Act::PowerFails)?;
                    self.finish(Duration::from_secs(5));
                } else {
                    std::process::abort();
                }
                done
            }
            "restart" => {
                let reason = command["reason"].as_str().unwrap_or("Reboot");
                let reason = Reason::parse(reason).ok_or("reason is not one of OCPP's")?;
                for at in 0..self.outlets.len() {
                    self.act(Act::StopTx(id(at)?, reason))?;
                }
                // The meters are still to be read for the transactions that end.
                self.drain_until(Duration::from_secs(3), |station| !station.charges());
                self.reboot();
                done
            }
            "data_transfer" => {
                let vendor = command["vendor_id"]
                    .as_str()
                    .ok_or("vendor_id is missing")?;
                let vendor = CiString::new(vendor).map_err(|_| "vendor_id is too long")?;
                let message = command["message_id"]
                    .as_str()
                    .map(CiString::new)
                    .transpose();
                let message = message.map_err(|_| "message_id is too long")?;
                let data = command["data"].as_str().map(str::to_owned);
                let token = command["id"].as_u64().unwrap_or(0);
                self.act(Act::DataTransfer {
                    token,
                    vendor,
                    message,
                    data,
                })?;
                done
            }
            "get_state" => Ok(json!({ "state": self.state() })),
            _ => Err(Refusal::Unsupported),
        }
    }

    fn fault(&mut self, name: &str, command: &Value) -> Result<Value, Refusal> {
        let at = match command["connector"].as_u64() {
            Some(0) => None,
            _ => Some(self.index(command)?),
        };
        let place = at.map_or(Ok(Place::ChargePoint), |at| id(at).map(Place::Connector))?;
        if name == "clear_fault" {
            if let Some(at) = at {
                self.outlets[at].faulted = false;
            }
            self.tell(Fact::Fault(place, None))?;
            self.tell(Fact::Warning(place, None))?;
            return Ok(json!({}));
        }
        let code = command["error_code"]
            .as_str()
            .ok_or("error_code is missing")?;
        let fault = fault_of(code, command)?;
        let delay =
            Duration::from_secs_f64(command["delay_s"].as_f64().unwrap_or(0.0).clamp(0.0, 1e6));
        if command["warning"] == true {
            self.tell(Fact::Warning(place, Some(fault)))?;
            return Ok(json!({}));
        }
        match (command["after"].as_str(), at) {
            (Some("charging"), Some(at)) if !self.outlets[at].flows() => {
                self.on_charging.push((at, delay, fault));
            }
            _ if delay > Duration::ZERO => {
                self.later
                    .push((Instant::now() + delay, Later::Fault(place, fault)));
            }
            _ => self.tell(Fact::Fault(place, Some(fault)))?,
        }
        Ok(json!({}))
    }
}

fn fault_of(code: &str, command: &Value) -> Result<Fault, String> {
    let code = ChargePointErrorCode::parse(code).filter(|c| *c != ChargePointErrorCode::NoError);
    Ok(Fault {
        code: code.ok_or("error_code is not one of OCPP's")?,
        info: command["info"].as_str().map(CiString::truncated),
        vendor_code: command["vendor_error_code"]
            .as_str()
            .map(CiString::truncated),
    })
}

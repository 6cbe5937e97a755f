//! Calls of the central system, each with its answer.

use crate::core::authorize::{is_tag, Aim};
use crate::core::connector::Session;
use crate::core::questions::{Asked, Caller, Repeated};
use crate::core::settings::Key;
use crate::core::{Answer, CentralId, ConnectorId, Engine, Notice, Place, Question, RequestId};
use crate::wire::{
    CentralRequest, ChangeAvailabilityResponse, ClearCacheResponse, ClearCacheStatus, DataTransfer,
    DataTransferResponse, DataTransferStatus, ErrorCode, MessageId, MessageTrigger, Reason,
    RemoteStartStopStatus, RemoteStartTransaction, RemoteStartTransactionResponse,
    RemoteStopTransaction, RemoteStopTransactionResponse, ResetResponse, ResetStatus, ResetType,
    TriggerMessage, TriggerMessageResponse, TriggerMessageStatus, UnlockConnector,
    UnlockConnectorResponse, UnlockStatus,
};

impl Engine {
    pub(crate) fn on_request(&mut self, id: &MessageId, request: CentralRequest) {
        if !self.offers(&request) {
            return self.decline(id, &request);
        }
        if self.is_handled(id, &request) {
            return;
        }
        match request {
            CentralRequest::ChangeAvailability(request) => {
                let status = self.change_availability(&request);
                self.respond(id.as_str(), &ChangeAvailabilityResponse { status });
            }
            CentralRequest::ChangeConfiguration(request) => {
                self.on_change_configuration(id, &request)
            }
            CentralRequest::ClearCache(_) => self.on_clear_cache(id),
            CentralRequest::DataTransfer(request) => self.on_data_transfer(id, &request),
            CentralRequest::GetConfiguration(request) => self.on_get_configuration(id, &request),
            CentralRequest::RemoteStartTransaction(request) => self.on_remote_start(id, *request),
            CentralRequest::RemoteStopTransaction(request) => self.on_remote_stop(id, &request),
            CentralRequest::Reset(request) => self.on_reset(id, request.r#type),
            CentralRequest::SetChargingProfile(request) => self.on_set_profile(id, &request),
            CentralRequest::ClearChargingProfile(request) => self.on_clear_profile(id, &request),
            CentralRequest::GetCompositeSchedule(request) => self.on_get_composite(id, &request),
            CentralRequest::TriggerMessage(request) => self.on_trigger(id, &request),
            CentralRequest::UnlockConnector(request) => self.on_unlock(id, &request),
            other => self.decline(id, &other),
        }
    }

    /// Whether a call with that id is being handled already. It is not carried out a second time: a
    /// repetition, which may keep its id (errata J 3.1), has the one answer that is under way, and another
    /// call with that id is refused (`OCPP-J 1.6 §4.2.3`).
    fn is_handled(&mut self, id: &MessageId, request: &CentralRequest) -> bool {
        let caller = self.caller(id);
        let question = self.question_of(request);
        match self.questions.repeats(&caller, question.as_ref()) {
            Repeated::No => return false,
            Repeated::Yes => log::info!("a call is repeated while it is being handled: {id}"),
            Repeated::IdInUse => {
                let text = "another call with this message id is being handled";
                self.refuse(id, ErrorCode::GenericError, text);
            }
        }
        true
    }

    /// What the firmware would be asked for the sake of a request.
    fn question_of(&self, request: &CentralRequest) -> Option<Question> {
        match request {
            CentralRequest::UnlockConnector(request) => {
                self.existing(request.connector_id).map(Question::Unlock)
            }
            CentralRequest::Reset(request) => Some(Question::Reset {
                hard: request.r#type == ResetType::Hard,
            }),
            CentralRequest::DataTransfer(request) => Some(data_question(request)),
            _ => None,
        }
    }

    fn caller(&self, id: &MessageId) -> Caller {
        Caller {
            message_id: id.as_str().to_owned(),
            connection: self.link.number(),
        }
    }

    /// Whether an answer can still reach the one who called.
    fn hears(&self, caller: &Caller) -> bool {
        let silent = self.registration.is_rejected();
        self.is_up() && !silent && caller.connection == self.link.number()
    }

    fn existing(&self, number: i32) -> Option<ConnectorId> {
        self.place(number)?.connector()
    }

    fn on_clear_cache(&mut self, id: &MessageId) {
        let status = if self.settings.is(Key::AuthorizationCacheEnabled) {
            let mut writes = Vec::new();
            self.cache.clear(&mut writes);
            self.out.all_durable(writes);
            ClearCacheStatus::Accepted
        } else {
            ClearCacheStatus::Rejected
        };
        self.respond(id.as_str(), &ClearCacheResponse { status });
    }

    /// `OCPP 1.6 §5.11`. The answer means "will try", and comes before anything is tried.
    fn on_remote_start(&mut self, id: &MessageId, request: RemoteStartTransaction) {
        let places = self.places_for_remote_start(&request);
        let status = match places {
            Some(_) => RemoteStartStopStatus::Accepted,
            None => RemoteStartStopStatus::Rejected,
        };
        self.respond(id.as_str(), &RemoteStartTransactionResponse { status });
        let Some(places) = places else { return };
        let smart = self.settings.has_profile("SmartCharging");
        let profile = request.charging_profile.filter(|_| smart).map(Box::new);
        let aim = Aim::Start(places, profile);
        if self.settings.is(Key::AuthorizeRemoteTxRequests) {
            self.authorize(request.id_tag, aim);
        } else {
            self.grant(request.id_tag, None, aim);
        }
    }

    /// Where it may start. The central system that names no connector leaves it to the driver.
    fn places_for_remote_start(
        &self,
        request: &RemoteStartTransaction,
    ) -> Option<Vec<ConnectorId>> {
        if !self.registration.is_accepted() || !is_tag(&request.id_tag) {
            return None;
        }
        let places: Vec<_> = match request.connector_id {
            Some(number) => vec![self.existing(number)?],
            None => self.connector_ids().collect(),
        };
        let at = self.pick(&places)?;
        // Without smart charging a profile is not looked at (OCPP 1.6 §5.11).
        let smart = self.settings.has_profile("SmartCharging");
        let profile = request.charging_profile.as_ref().filter(|_| smart);
        let possible = profile.map_or(true, |profile| self.takes_remote_profile(at, profile));
        possible.then_some(places)
    }

    /// `OCPP 1.6 §5.12`: the id decides alone; a transaction without one cannot be meant.
    fn on_remote_stop(&mut self, id: &MessageId, request: &RemoteStopTransaction) {
        let meant = CentralId::Known(request.transaction_id);
        let fits = |at: &ConnectorId| {
            let run = self.connector(*at).and_then(|connector| connector.run());
            let transaction = run.and_then(|run| self.ledger.transaction(run.tx));
            transaction.is_some_and(|transaction| transaction.central == meant)
        };
        let at = self
            .connector_ids()
            .find(fits)
            .filter(|_| self.registration.is_accepted());
        let status = match at {
            Some(_) => RemoteStartStopStatus::Accepted,
            None => RemoteStartStopStatus::Rejected,
        };
        self.respond(id.as_str(), &RemoteStopTransactionResponse { status });
        if let Some(at) = at {
            self.stop(at, Reason::Remote, None);
        }
    }

    /// `OCPP 1.6 §5.18`: a transaction is finished first.
    fn on_unlock(&mut self, id: &MessageId, request: &UnlockConnector) {
        let at = self.existing(request.connector_id);
        let lockable = at
            .and_then(|at| self.connector(at))
            .is_some_and(|c| c.lockable);
        let Some(at) = at.filter(|_| lockable && self.setup.host.unlocks) else {
            let status = UnlockStatus::NotSupported;
            return self.respond(id.as_str(), &UnlockConnectorResponse { status });
        };
        self.stop(at, Reason::UnlockCommand, None);
        if let Some(connector) = self.connector_mut(at) {
            if let Session::Finishing { hold, .. } = &mut connector.session {
                *hold = None;
            }
        }
        // Energy is off, and the lock is free to move, before it is asked for.
        self.command_supplies();
        let asked = Asked::Unlock(self.caller(id));
        if !self.ask(Question::Unlock(at), asked) {
            let status = UnlockStatus::UnlockFailed;
            self.respond(id.as_str(), &UnlockConnectorResponse { status });
        }
    }

    fn on_reset(&mut self, id: &MessageId, kind: ResetType) {
        let hard = kind == ResetType::Hard;
        let asked = Asked::Reset {
            caller: self.caller(id),
            hard,
        };
        let possible = self.setup.host.resets && self.reset.is_none();
        if !possible || !self.ask(Question::Reset { hard }, asked) {
            self.respond(
                id.as_str(),
                &ResetResponse {
                    status: ResetStatus::Rejected,
                },
            );
        }
    }

    /// `OCPP 1.6 §4.3`, `§5.6`.
    fn on_data_transfer(&mut self, id: &MessageId, request: &DataTransfer) {
        if !self.setup.host.transfers_data {
            return self.answer_data(id.as_str(), DataTransferStatus::UnknownVendorId, None);
        }
        let question = data_question(request);
        let asked = Asked::DataTransfer(self.caller(id));
        if !self.ask(question, asked) {
            self.answer_data(id.as_str(), DataTransferStatus::Rejected, None);
        }
    }

    fn answer_data(&mut self, id: &str, status: DataTransferStatus, data: Option<String>) {
        let data = data.filter(|_| status != DataTransferStatus::UnknownVendorId);
        self.respond(id, &DataTransferResponse { status, data });
    }

    /// `OCPP 1.6 §5.17`: the answer comes before the message that was asked for.
    fn on_trigger(&mut self, id: &MessageId, request: &TriggerMessage) {
        let of_connector = matches!(
            request.requested_message,
            MessageTrigger::MeterValues | MessageTrigger::StatusNotification
        );
        // Where it means nothing, a connector is not looked at.
        let at = match request.connector_id.filter(|_| of_connector) {
            None => None,
            Some(number) => match self.place(number) {
                Some(place) => Some(place),
                None => return self.answer_trigger(id, TriggerMessageStatus::Rejected),
            },
        };
        let accepted = self.registration.is_accepted();
        let status = match request.requested_message {
            MessageTrigger::BootNotification
                if accepted && !self.setup.tuning.accept_boot_trigger =>
            {
                TriggerMessageStatus::Rejected
            }
            MessageTrigger::BootNotification
            | MessageTrigger::Heartbeat
            | MessageTrigger::StatusNotification => TriggerMessageStatus::Accepted,
            MessageTrigger::MeterValues => {
                let mut all = self.places();
                let fits = |place: &Place| at.map_or(true, |at| at == *place);
                if all.any(|place| fits(&place) && self.can_trigger_reading(place)) {
                    TriggerMessageStatus::Accepted
                } else {
                    TriggerMessageStatus::Rejected
                }
            }
            _ => TriggerMessageStatus::NotImplemented,
        };
        self.answer_trigger(id, status);
        if status != TriggerMessageStatus::Accepted {
            return;
        }
        match request.requested_message {
            MessageTrigger::BootNotification => self.boot(),
            MessageTrigger::Heartbeat => self.beat(),
            MessageTrigger::StatusNotification => {
                let all = self.places();
                let places: Vec<_> = all
                    .filter(|place| at.map_or(true, |at| at == *place))
                    .collect();
                for place in places {
                    self.repeat_status(place);
                }
            }
            MessageTrigger::MeterValues => self.trigger_readings(at),
            _ => {}
        }
    }

    fn answer_trigger(&mut self, id: &MessageId, status: TriggerMessageStatus) {
        self.respond(id.as_str(), &TriggerMessageResponse { status });
    }

    /// Asks the firmware. Says whether it could be asked.
    fn ask(&mut self, question: Question, asked: Asked) -> bool {
        let (now, patience) = (self.now.mono, self.setup.tuning.answer_timeout);
        let Some(request) = self.questions.ask(&question, asked, now, patience) else {
            return false;
        };
        self.out.tell(Notice::Ask(request, question));
        true
    }

    pub(crate) fn on_answer(&mut self, request: RequestId, answer: Answer) {
        match self.questions.answered(request) {
            Some(asked) => return self.conclude(asked, answer),
            None => log::debug!("an answer came after its time"),
        }
        // What a meter says late is still what it shows.
        if let (Some(place), Answer::Meter(readings)) = (self.questions.late_meter(request), answer)
        {
            self.on_meter(place, &readings, true);
        }
    }

    /// The firmware did not answer in time: we do, in its place.
    pub(crate) fn expire_questions(&mut self) {
        while let Some((request, asked, default)) = self.questions.expired(self.now.mono) {
            log::warn!("the firmware did not answer in time");
            self.out.tell(Notice::Expired(request));
            self.conclude(asked, default);
        }
    }

    fn conclude(&mut self, asked: Asked, answer: Answer) {
        match asked {
            Asked::Unlock(caller) => {
                let status = match answer {
                    Answer::Accepted => UnlockStatus::Unlocked,
                    Answer::NotSupported => UnlockStatus::NotSupported,
                    _ => UnlockStatus::UnlockFailed,
                };
                if self.hears(&caller) {
                    self.respond(&caller.message_id, &UnlockConnectorResponse { status });
                }
            }
            Asked::Reset { caller, hard } => {
                let agreed = answer == Answer::Accepted;
                let status = if agreed {
                    ResetStatus::Accepted
                } else {
                    ResetStatus::Rejected
                };
                if self.hears(&caller) {
                    self.respond(&caller.message_id, &ResetResponse { status });
                }
                if agreed {
                    self.begin_reset(hard);
                }
            }
            Asked::DataTransfer(caller) => {
                let (status, data) = match answer {
                    Answer::Data(status, data) => (status, data),
                    Answer::Accepted => (DataTransferStatus::Accepted, None),
                    Answer::NotSupported => (DataTransferStatus::UnknownVendorId, None),
                    Answer::Rejected | Answer::Failed | Answer::Meter(_) => {
                        (DataTransferStatus::Rejected, None)
                    }
                };
                if self.hears(&caller) {
                    self.answer_data(&caller.message_id, status, data);
                }
            }
            Asked::Meter(at) => match answer {
                Answer::Meter(readings) if !readings.is_empty() => {
                    self.on_meter(at, &readings, false);
                }
                _ => {
                    log::warn!(
                        "connector {}: the meter could not be read",
                        at.connector_id()
                    );
                    self.on_silent_meter(at);
                }
            },
        }
    }
}

fn data_question(request: &DataTransfer) -> Question {
    Question::DataTransfer {
        vendor: request.vendor_id.as_str().to_owned(),
        message: (request.message_id.as_ref()).map(|id| id.as_str().to_owned()),
        data: request.data.clone(),
    }
}

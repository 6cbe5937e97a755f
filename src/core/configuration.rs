//! Configuration keys over the wire, and what a change sets off (`OCPP 1.6 §5.3`, `§5.8`).

use crate::core::link::{Ended, Purpose};
use crate::core::settings::{Key, Rights};
use crate::core::{DataTransferOutcome, Engine, Notice, Write};
use crate::wire::{
    Action, ChangeConfiguration, ChangeConfigurationResponse, CiString, ConfigurationStatus,
    DataAnswer, DataTransfer, GetConfiguration, GetConfigurationResponse, KeyValue, MessageId,
};

impl Engine {
    pub(crate) fn on_get_configuration(&mut self, id: &MessageId, request: &GetConfiguration) {
        let all = self.settings.list();
        let named = request.key.as_deref().unwrap_or(&[]);
        let most = usize::try_from(self.settings.int(Key::GetConfigurationMaxKeys)).unwrap_or(0);
        let mut answer = GetConfigurationResponse {
            configuration_key: None,
            unknown_key: None,
        };
        if named.is_empty() {
            answer.configuration_key = Some(all);
            return self.respond(id.as_str(), &answer);
        }
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for name in named.iter().take(most) {
            match all.iter().find(|entry| entry.key == *name) {
                Some(entry) => known.push(entry.clone()),
                // A key that cannot be read exists all the same.
                None if self.settings.knows(name.as_str()) => {
                    known.push(KeyValue {
                        key: name.clone(),
                        readonly: false,
                        value: None,
                    });
                }
                None => unknown.push(name.clone()),
            }
        }
        answer.configuration_key = Some(known);
        answer.unknown_key = (!unknown.is_empty()).then_some(unknown);
        self.respond(id.as_str(), &answer);
    }

    pub(crate) fn on_change_configuration(
        &mut self,
        id: &MessageId,
        request: &ChangeConfiguration,
    ) {
        let (name, value) = (request.key.as_str(), request.value.as_str());
        let status = self.settings.change(name, value);
        let changed = matches!(
            status,
            ConfigurationStatus::Accepted | ConfigurationStatus::RebootRequired
        );
        self.respond(id.as_str(), &ChangeConfigurationResponse { status });
        if changed {
            self.on_key_changed(name, value);
        }
    }

    /// The firmware changes a key; it may change what the central system may only read.
    pub(crate) fn set_key(&mut self, name: &str, value: &str) {
        match self.settings.set(name, value) {
            Ok(()) => self.on_key_changed(name, value),
            Err(_) => log::error!("configuration key {name} cannot be set to what the host asks"),
        }
    }

    /// Stores a change and makes it effective at once.
    fn on_key_changed(&mut self, name: &str, value: &str) {
        let key = Key::by_name(name);
        let name = self.settings.spelling(name).to_owned();
        self.out
            .durable(Write::Setting(name.clone(), value.to_owned()));
        let secret = key.is_some_and(|key| key.row().rights == Rights::WriteOnly);
        self.out
            .tell(Notice::Key(name, (!secret).then(|| value.to_owned())));
        match key {
            Some(Key::HeartbeatInterval) => self.rearm_heartbeat(),
            Some(Key::MeterValueSampleInterval) => self.rearm_samples(),
            Some(Key::ClockAlignedDataInterval) => self.rearm_aligned(),
            Some(Key::AuthorizationKey) => self.reconnect(),
            _ => {}
        }
    }

    /// Vendor data for the central system (`OCPP 1.6 §4.3`).
    pub(crate) fn send_data(
        &mut self,
        token: u64,
        vendor_id: CiString<255>,
        message_id: Option<CiString<50>>,
        data: Option<String>,
    ) {
        if !self.is_online() {
            let outcome = DataTransferOutcome::Offline;
            return self.out.tell(Notice::DataTransferred(token, outcome));
        }
        if !self.link.has_room_for_data() {
            let outcome = DataTransferOutcome::Failed("too many calls are waiting".to_owned());
            return self.out.tell(Notice::DataTransferred(token, outcome));
        }
        let request = DataTransfer {
            vendor_id,
            message_id,
            data,
        };
        self.call(Purpose::DataTransfer(token), Action::DataTransfer, &request);
    }

    pub(crate) fn on_data_ended(&mut self, token: u64, ended: Ended<'_>) {
        let outcome = match ended {
            Ended::Answered(payload) => {
                let answer: Option<DataAnswer> = self.read_answer("DataTransfer", payload);
                match answer {
                    Some(answer) => DataTransferOutcome::Answered(answer.status, answer.data),
                    None => DataTransferOutcome::Failed("the answer makes no sense".to_owned()),
                }
            }
            Ended::Refused(code, text) => DataTransferOutcome::Failed(format!("{code}: {text}")),
            Ended::Unanswered => DataTransferOutcome::Failed("no answer".to_owned()),
            Ended::Lost => DataTransferOutcome::Offline,
        };
        self.out.tell(Notice::DataTransferred(token, outcome));
    }
}

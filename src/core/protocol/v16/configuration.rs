//! GetConfiguration and ChangeConfiguration, and what a change sets off (`OCPP 1.6 §5.3`, `§5.8`).

use super::{Context, V16};
use crate::core::settings::{Key, KeyChange, ListedKey, Rights};
use crate::core::station::{AnswerFor, Caller};
use crate::core::{Answer, Change, Notice, Question, Record};
use crate::wire::json::MessageId;
use crate::wire::v16::{
    ChangeConfiguration, ChangeConfigurationResponse, ConfigurationStatus, GetConfiguration,
    GetConfigurationResponse, KeyValue,
};

impl V16 {
    // rules: 121
    pub(super) fn on_get_configuration(
        id: &MessageId,
        request: &GetConfiguration,
        cx: &mut Context<'_>,
    ) {
        let all: Vec<_> = cx.settings().list().into_iter().map(key_value).collect();
        let named = request.key.as_deref().unwrap_or(&[]);
        let most = usize::try_from(cx.settings().int(Key::GetConfigurationMaxKeys)).unwrap_or(0);
        let mut answer = GetConfigurationResponse {
            configuration_key: None,
            unknown_key: None,
        };
        if named.is_empty() {
            answer.configuration_key = Some(all);
            return Self::respond(id.as_str(), &answer, cx);
        }
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for name in named.iter().take(most) {
            match all.iter().find(|entry| entry.key == *name) {
                Some(entry) => known.push(entry.clone()),
                // A key that cannot be read exists all the same.
                None if cx.settings().knows(name.as_str()) => {
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
        Self::respond(id.as_str(), &answer, cx);
    }

    pub(super) fn on_change_configuration(
        &mut self,
        id: &MessageId,
        request: &ChangeConfiguration,
        cx: &mut Context<'_>,
    ) {
        let (name, value) = (request.key.as_str(), request.value.as_str());
        let key = Key::by_name(name);
        if key == Some(Key::AuthorizationKey) && !cx.link.is_home() {
            return self.on_change_password(id, value, cx);
        }
        let change = cx.station.change_key(name, value);
        let changed = matches!(change, KeyChange::Done | KeyChange::AtReboot);
        let status = match change {
            KeyChange::Done => ConfigurationStatus::Accepted,
            KeyChange::AtReboot => ConfigurationStatus::RebootRequired,
            KeyChange::Asks(question) => {
                if self.ask_about_key(id, name, value, question, cx) {
                    return;
                }
                ConfigurationStatus::Rejected
            }
            KeyChange::Refused => ConfigurationStatus::Rejected,
            KeyChange::Unknown => ConfigurationStatus::NotSupported,
        };
        Self::respond(id.as_str(), &ChangeConfigurationResponse { status }, cx);
        if changed {
            self.on_key_changed(name, value, cx);
        }
    }

    /// Asks the firmware whether a key of its own may be changed; says whether it could be asked.
    fn ask_about_key(
        &self,
        id: &MessageId,
        name: &str,
        value: &str,
        question: Question,
        cx: &mut Context<'_>,
    ) -> bool {
        let asked = AnswerFor::KeyChange {
            caller: Self::caller(id, cx),
            key: name.to_owned(),
            value: value.to_owned(),
        };
        cx.station.setup().host.judges_keys
            && self.at_station(cx, |station, cx| station.ask(question, asked, cx))
    }

    /// The firmware has judged: what it agreed to is so, whether anybody still waits for the answer or not.
    pub(super) fn conclude_key_change(
        &mut self,
        caller: &Caller,
        name: &str,
        value: &str,
        answer: &Answer,
        cx: &mut Context<'_>,
    ) {
        let status = match answer {
            Answer::Accepted => ConfigurationStatus::Accepted,
            Answer::RebootRequired => ConfigurationStatus::RebootRequired,
            _ => ConfigurationStatus::Rejected,
        };
        let agreed = status != ConfigurationStatus::Rejected;
        let changed = agreed && cx.station.set_key(name, value);
        if self.hears(caller, cx) {
            let status = match changed {
                true => status,
                false => ConfigurationStatus::Rejected,
            };
            Self::respond(
                &caller.message_id,
                &ChangeConfigurationResponse { status },
                cx,
            );
        }
        if changed {
            self.on_key_changed(name, value, cx);
        }
    }

    /// The firmware changes a key; it may change what the central system may only read.
    pub(crate) fn on_set_key(&mut self, name: &str, value: &str, cx: &mut Context<'_>) {
        match cx.station.set_key(name, value) {
            true => self.on_key_changed(name, value, cx),
            false => log::error!("the firmware cannot set configuration key {name} to that value"),
        }
    }

    // rules: 32
    /// Stores a change and makes it effective at once.
    fn on_key_changed(&mut self, name: &str, value: &str, cx: &mut Context<'_>) {
        let key = Key::by_name(name);
        let name = cx.settings().spelling(name).to_owned();
        cx.out
            .durable(Change::Put(Record::Setting(name.clone(), value.to_owned())));
        let secret = key.is_some_and(|key| key.row().rights == Rights::WriteOnly);
        cx.out
            .notify(Notice::Key(name, (!secret).then(|| value.to_owned())));
        cx.station.on_key_changed(key, cx.now.mono);
        match key {
            Some(Key::HeartbeatInterval) => self.rearm_heartbeat(cx),
            Some(Key::AuthorizationKey) => {
                cx.link.password_is_key(cx.out);
                // Another central system is not concerned.
                if cx.link.is_home() {
                    self.reconnect(cx);
                }
            }
            _ => {}
        }
    }
}

fn key_value(key: ListedKey) -> KeyValue {
    KeyValue {
        key: key.name,
        readonly: key.read_only,
        value: key.value,
    }
}

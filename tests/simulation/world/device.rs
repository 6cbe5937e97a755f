//! The device: what it is made of, its power, its disk, and what the engine has done and asks.

use super::*;

impl World<'_> {
    pub(super) fn setup(&self) -> Setup {
        let key =
            |name: &str, value: String| (CiString::truncated(name), CiString::truncated(&value));
        let make = self.make;
        let register = "Energy.Active.Import.Register".to_owned();
        let data = if make.stop_data {
            register
        } else {
            String::new()
        };
        let device = Device::new(
            CiString::truncated("evcp"),
            CiString::truncated("simulation"),
        );
        Setup {
            keys: vec![
                key("MeterValueSampleInterval", make.sample_s.to_string()),
                key("ClockAlignedDataInterval", make.aligned_s.to_string()),
                key("StopTxnSampledData", data),
                key(
                    "AllowOfflineTxForUnknownId",
                    make.offline_strangers.to_string(),
                ),
                key("LocalPreAuthorize", make.pre_authorizes.to_string()),
                key("TransactionMessageAttempts", make.attempts.to_string()),
                key("TransactionMessageRetryInterval", "10".to_owned()),
                key("WebSocketPingInterval", make.ping_s.to_string()),
                key("StopTransactionOnInvalidId", make.stops_invalid.to_string()),
                key("FreeCharging", make.free.to_string()),
            ],
            host: Host {
                reads_meter: make.reads_meter,
                ..Host::COMPLETE
            },
            tuning: Tuning {
                after_power_loss: if make.resumes {
                    AfterPowerLoss::Resume
                } else {
                    AfterPowerLoss::Stop
                },
                watchdog: Millis(make.watchdog),
                sample_commit: Millis(make.commit_ms),
                most_values: make.most_values,
                redeliver: Millis(if make.redelivers { 3_600_000 } else { 0 }),
                sharing: make.shares,
                grid: make.grid.map(|deciamps| Hardware {
                    deciamps,
                    feed: Feed::Three,
                }),
                measurable: Quantity::parse_list("Power.Active.Import").unwrap_or_default(),
                ..Tuning::default()
            },
            networks: (1..=make.ways)
                .filter(|_| make.ways > 1)
                .map(|number| (slot(number), way(u8::from(number == 4))))
                .collect(),
            seed: self.plan.seed.wrapping_mul(1_000).wrapping_add(self.epoch),
            ..Setup::new(device, vec![self.connector(); make.connectors])
        }
    }

    fn connector(&self) -> ConnectorSetup {
        ConnectorSetup {
            feedback: Feedback {
                contactor: self.make.contactor.is_some(),
                lock: self.make.lock.is_some(),
            },
            ..ConnectorSetup::SOCKET
        }
    }

    pub(super) fn power_on(&mut self) -> Is {
        self.epoch += 1;
        self.booted = self.now;
        let mut store = RetryingStore::new(Box::new(self.disk.clone()));
        let stored = store
            .load()
            .map_err(|why| format!("the store cannot be read: {why}"))?;
        self.say(|| {
            format!(
                "power on: {} queued, {} running",
                stored.queued,
                stored.running.len()
            )
        });
        let running: Vec<_> = stored.running.iter().map(|running| running.id.0).collect();
        for outlet in &mut self.outlets {
            self.sessions.power_on(outlet, &running);
        }
        for (index, outlet) in self.outlets.iter().enumerate() {
            if outlet.session.is_none() {
                self.limits.runs(index, false, self.now);
            }
        }
        let engine = Engine::new(self.setup(), stored, self.device());
        let engine = engine.map_err(|why| format!("no engine: {why}"))?;
        self.power.on(engine);
        self.store = Some(store);
        self.begins_anew();
        Power::settle(self)?;
        self.turn()?;
        // The firmware says what it finds.
        if self.faulted {
            self.fault(0, true)?;
        }
        for number in 1..=self.make.connectors {
            if !self.make.starts_silent {
                self.show(number)?;
            }
            self.state(number)?;
            self.tell_board(number)?;
            if self.outlets[number - 1].paused {
                self.evse(number, true)?;
            }
            if self.outlets[number - 1].faulted {
                self.fault(number, true)?;
            }
        }
        Ok(())
    }

    /// The power is gone: contactors open, memory is empty.
    pub(super) fn power_off(&mut self, off: u64) -> Is {
        for outlet in &self.outlets {
            self.sessions.cannot_read(outlet, 0);
        }
        self.nobody_hears()?;
        self.power.off();
        self.owed.clear();
        self.open_meters.clear();
        self.open_data.clear();
        self.registered = false;
        self.refusals.forget();
        self.outcome.power_cuts += 1;
        let lossy = self.store.take().is_some_and(|store| store.holds_back());
        self.say(|| {
            format!(
                "power off{}",
                if lossy {
                    ", with writes that the disk refused"
                } else {
                    ""
                }
            )
        });
        for outlet in &mut self.outlets {
            outlet.integrate(self.now);
            outlet.supply = Supply::OFF;
            self.sessions
                .power_cut(outlet, self.now, self.make.commit_ms, lossy);
        }
        self.board_is_off();
        self.limits.power_cut(lossy);
        if lossy {
            // What ended meanwhile may not be known to have ended, and so on: none of it is sure.
            self.excuse_all();
            self.frames.forget();
        }
        self.link.change(State::None);
        self.after(off.max(1), Next::PowerOn);
        Ok(())
    }

    pub(super) fn excuse_all(&mut self) {
        for told in &mut self.sessions.0 {
            told.excused |= told.stop.is_none() || told.stopped >= self.failing_since;
        }
    }

    /// The link, or the clock, has something for the engine.
    pub(super) fn give(&mut self, input: Input<'_>) -> Is {
        Power::give(self, input)?;
        self.turn()
    }

    pub(super) fn effect(&mut self, effect: Effect) -> Is {
        self.say(|| format!("  {}", in_short(&effect)));
        match effect {
            Effect::Store(batch) => {
                if self.slow.0 > 0 {
                    self.slow.0 -= 1;
                    self.disk_is_slow(self.slow.1)?;
                }
                if let Some(store) = &mut self.store {
                    let health = store.commit(batch);
                    self.stored(None, health);
                }
            }
            Effect::Fetch { after, limit } => {
                if let Some(store) = &mut self.store {
                    let (fetched, health) = store.fetch(after, limit);
                    self.stored(fetched, health);
                }
            }
            Effect::Connect(access) => {
                if self.link.state != State::None {
                    return Err("a second connection beside the first".to_owned());
                }
                self.link.change(State::Opening);
                self.way_in_use = Some(access.slot);
                let number = self.link.number;
                let (next, takes) = if self.now
                    < self
                        .link
                        .reachable_from
                        .max(self.link.ways_from[access.slot.index()])
                {
                    (Next::Refused(number), self.dice.u64(1..5_000))
                } else {
                    (Next::Connected(number), 2 * self.link.latency)
                };
                self.after(takes, next);
            }
            Effect::Close(_) => self.link.change(State::None),
            Effect::Ping if !self.link.half_open => {
                let (number, takes) = (self.link.number, 2 * self.link.latency);
                self.after(takes, Next::Pong(number));
            }
            Effect::Ping => {}
            Effect::Send(text) => self.send(text)?,
            Effect::Notify(notice) => self.decided(notice)?,
            Effect::CallHost => self.called = true,
            Effect::Withdraw(request) => {
                self.outbox.withdraw(request);
            }
        }
        Ok(())
    }

    /// What came of the store.
    pub(super) fn stored(&mut self, fetched: Option<Fetched>, health: Option<Health>) {
        if let Some(health) = health {
            self.say(|| format!("disk: {health:?}"));
            if health != Health::Works {
                self.failing_since = self.now;
                self.after(DISK_TRY, Next::DiskTry(self.epoch));
            }
        }
        self.owed.extend(fetched);
    }

    /// As the shell does from time to time.
    pub(super) fn try_disk_again(&mut self) -> Is {
        let Some(store) = self.store.as_mut().filter(|store| store.is_failing()) else {
            return Ok(());
        };
        let (fetched, health) = store.try_again();
        if store.is_failing() {
            self.after(DISK_TRY, Next::DiskTry(self.epoch));
        }
        self.stored(fetched, health);
        Power::settle(self)?;
        self.turn()
    }

    pub(super) fn told(&mut self, notice: Notice) -> Is {
        match notice {
            Notice::Supply(at, supply) => {
                self.say(|| format!("  supply {at}: {supply:?}"));
                let outlet = &mut self.outlets[at.index()];
                outlet.integrate(self.now);
                let moved = outlet.supply.permit != supply.permit;
                outlet.supply = supply;
                if self.make.contactor.is_none() {
                    outlet.closed = supply.permit;
                }
                if moved {
                    outlet.permitted_at = self.now;
                    if supply.permit {
                        outlet.loose = 0;
                    }
                }
                outlet.flowed |= supply.permit;
                self.board_obeys(at.index() + 1);
                let all = self.outlets.iter().map(|outlet| outlet.supply);
                self.limits.told(all)?;
                if moved && self.make.pushes() {
                    let wait = if supply.permit {
                        self.make.pushes_every
                    } else {
                        100
                    };
                    self.after(wait, Next::Push(at.index() + 1));
                }
            }
            Notice::Transaction(step) => {
                self.say(|| {
                    format!(
                        "  transaction {}: {:?} {}",
                        step.tx.0,
                        step.change,
                        step.tag.as_str()
                    )
                });
                let outlet = &mut self.outlets[step.connector.index()];
                outlet.integrate(self.now);
                self.sessions.step(self.now, outlet, &step)?;
                if step.change == TransactionChange::Started {
                    self.strike(step.connector.index() + 1, Step::Runs);
                }
            }
            Notice::Status(status) => {
                self.statuses
                    .insert(status.place.number() as usize, status.status);
            }
            Notice::Boot(status, ..) => self.registered = status == RegistrationStatus::Accepted,
            Notice::Ask(request, question) => {
                if let Question::Unlock(at) = question {
                    self.may_unlock(at.index() + 1)?;
                }
                self.asked(request, &question);
            }
            Notice::DataTransferred(token, _) if !self.open_data.remove(&token) => {
                return Err(format!("vendor data {token} ended twice"));
            }
            Notice::Reboot { .. } => {
                self.say(|| "  reboot".to_owned());
                (self.power.fuel, self.off_for) = (Some(0), 3_000);
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn state(&mut self, number: usize) -> Is {
        let ev = self.outlets[number - 1].ev();
        self.fact(Fact::Ev(at(number), ev))
    }

    pub(super) fn vendor_data(&mut self) -> Is {
        self.data += 1;
        if self.power.is_on() {
            self.open_data.insert(self.data);
        }
        self.act(Act::DataTransfer {
            token: self.data,
            vendor: CiString::truncated("evcp"),
            message: None,
            data: None,
        })
    }

    pub(super) fn fault(&mut self, number: usize, is: bool) -> Is {
        if number > 0 {
            self.outlets[number - 1].faulted = is;
        } else {
            self.faulted = is;
        }
        let code = ChargePointErrorCode::GroundFailure;
        let fault = is.then_some(Fault {
            code,
            info: None,
            vendor_code: None,
        });
        self.fact(Fact::Fault(place(number), fault))
    }

    /// The charger itself pauses at a connector, or is ready again.
    pub(super) fn evse(&mut self, number: usize, paused: bool) -> Is {
        self.outlets[number - 1].paused = paused;
        let evse = match paused {
            true => Evse::Paused { reason: None },
            false => Evse::Ready,
        };
        self.fact(Fact::Evse(at(number), evse))
    }
}

impl Surroundings for World<'_> {
    type Wrong = String;

    fn power(&mut self) -> &mut Power {
        &mut self.power
    }

    fn clock(&self) -> Now {
        self.device()
    }

    fn carry_out(&mut self, _: &Engine, effect: Effect) -> Is {
        self.effect(effect)
    }

    fn news(&mut self) -> Option<News> {
        self.owed.pop_front().map(News::Fetched)
    }

    fn power_goes(&mut self) -> Is {
        self.power_off(self.off_for)
    }
}

/// An effect in words that stay the same whatever the types behind it are called.
fn in_short(effect: &Effect) -> String {
    match effect {
        Effect::Store(batch) => {
            // All or none: in which order they are written says nothing.
            let mut writes: Vec<_> = batch.iter().map(|write| format!("{write:?}")).collect();
            writes.sort_unstable();
            format!("stores {}", writes.join(", "))
        }
        Effect::Fetch { limit, .. } => format!("fetches {limit}"),
        Effect::Connect(_) => "connects".to_owned(),
        Effect::Close(_) => "closes".to_owned(),
        Effect::Ping => "pings".to_owned(),
        Effect::Send(_) => "sends".to_owned(),
        Effect::Notify(_) => "tells".to_owned(),
        Effect::Withdraw(_) => "withdraws".to_owned(),
        Effect::CallHost => "calls the host".to_owned(),
    }
}

/// A slot by its number.
pub(super) fn slot(number: u32) -> NetworkSlot {
    NetworkSlot::new(number).unwrap_or(NetworkSlot::FIRST)
}

/// A way to the central system, by one of its names: by another one it counts as another central system.
pub(super) fn way(name: u8) -> Network {
    Network {
        central: format!("central-{}", name / 2),
        security_profile: name % 2,
        key: Some(b"sixteen-letters!".to_vec()),
        route: Route::default(),
    }
}

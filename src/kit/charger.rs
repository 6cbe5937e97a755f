//! A charge point in a world: it does what is to be done when it is told to, on the thread of the host.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::core::{Input, LinkEvent};
use crate::error::Error;
use crate::kit::central::News;
use crate::kit::line::Line;
use crate::kit::World;
use crate::mailbox::Mailbox;
use crate::shell::{text_of, Controller, Driver, Taken};
use crate::time::Mono;

/// So much may follow from each other at one moment, and no more.
const MOST_STEPS: usize = 100_000;
/// So much of what the host told is taken in at once.
const AT_ONCE: usize = 64;

/// A charge point and the world that it lives in.
pub(crate) struct Charger {
    world: Arc<World>,
    mailbox: Arc<Mailbox>,
    life: Mutex<Life>,
}

enum Life {
    Made(Box<Controller<Line>>),
    Runs(Box<Controller<Line>>),
    Stopped,
    /// Without an end in order.
    Cut,
}

impl Charger {
    /// Takes over from the driver of a socket, before that has begun.
    pub(crate) fn new(world: &Arc<World>, driver: Driver, mailbox: Arc<Mailbox>) -> Self {
        let line = Line(world.clone());
        let controller = driver.moved_to(line, |store| world.disk(store));
        Self {
            world: world.clone(),
            mailbox,
            life: Mutex::new(Life::Made(Box::new(controller))),
        }
    }

    /// Begins. What follows from that at once is done by [`Charger::work`].
    pub(crate) fn start(&self) -> Result<(), Error> {
        let mut life = self.life.lock();
        match std::mem::replace(&mut *life, Life::Stopped) {
            Life::Made(controller) => {
                *life = Life::Runs(controller);
                Ok(())
            }
            Life::Cut => {
                *life = Life::Cut;
                Err(Error::Closed)
            }
            other => {
                *life = other;
                Err(Error::State("the charge point was started before"))
            }
        }
    }

    /// Ends in order: all is stored that can be.
    pub(crate) fn stop(&self) -> Result<(), Error> {
        let mut life = self.life.lock();
        let controller = match &mut *life {
            Life::Made(controller) | Life::Runs(controller) => controller,
            Life::Stopped => return Ok(()),
            Life::Cut => return Err(Error::Closed),
        };
        self.mailbox.close();
        self.contain(&mut || {
            controller.settle();
            while matches!(controller.take_in(AT_ONCE), Taken::Some) {}
            controller.try_store_again();
        });
        *life = Life::Stopped;
        self.world.central().hang_up();
        self.mailbox.stop();
        Ok(())
    }

    /// Ends at once, with all that is not stored, and all that the host has not been told.
    pub(crate) fn cut(&self) {
        let life = std::mem::replace(&mut *self.life.lock(), Life::Cut);
        if matches!(life, Life::Made(_) | Life::Runs(_)) {
            self.world.central().hang_up();
            self.mailbox.cut();
        }
    }

    /// Whether it has ended.
    pub(crate) fn is_over(&self) -> bool {
        matches!(*self.life.lock(), Life::Stopped | Life::Cut)
    }

    /// Does all that there is to do now.
    pub(crate) fn work(&self) -> Result<(), Error> {
        let mut life = self.life.lock();
        let Life::Runs(controller) = &mut *life else {
            return Ok(());
        };
        let mut is_done = false;
        let mut works = || {
            controller.settle();
            is_done = (0..MOST_STEPS).any(|_| !step(controller, &self.world));
        };
        if !self.contain(&mut works) {
            *life = Life::Stopped;
            self.mailbox.stop();
            return Ok(());
        }
        if is_done {
            return Ok(());
        }
        let why = "the charge point and its central system go on at one moment without an end";
        Err(Error::State(why))
    }

    /// When there is something to do next, after now.
    pub(crate) fn next(&self) -> Option<Mono> {
        let life = self.life.lock();
        let Life::Runs(controller) = &*life else {
            return None;
        };
        let now = self.world.clock.now().mono;
        let due = [
            controller.deadline(),
            controller.retry(),
            self.world.central().next(),
        ];
        due.into_iter().flatten().filter(|at| *at > now).min()
    }

    /// A panic, which is a bug of ours, ends this charge point alone; says whether there was none.
    fn contain(&self, body: &mut dyn FnMut()) -> bool {
        let outcome = catch_unwind(AssertUnwindSafe(body));
        let is_well = outcome.is_ok();
        if let Err(panic) = outcome {
            let text = text_of(panic).unwrap_or_else(|| "unknown".to_owned());
            log::error!("the charge point failed inside: {text}");
            self.mailbox.panicked(&text);
        }
        is_well
    }
}

/// Does the next thing; says whether there was one.
fn step(controller: &mut Controller<Line>, world: &World) -> bool {
    match controller.take_in(AT_ONCE) {
        Taken::Some => return true,
        Taken::All => {}
        Taken::Closed => return false,
    }
    let now = world.clock.now().mono;
    let news = controller.reads().then(|| world.central().pop(now));
    if let Some(news) = news.flatten() {
        hear(controller, news);
    } else if controller.deadline().is_some_and(|at| at <= now) {
        controller.handle(Input::Deadline);
    } else if controller.retry().is_some_and(|at| at <= now) {
        controller.try_store_again();
        controller.settle();
    } else {
        return false;
    }
    true
}

fn hear(controller: &mut Controller<Line>, news: News) {
    match news {
        News::Up => controller.handle(Input::Link(LinkEvent::Up)),
        News::Failed(why) => controller.handle(Input::Link(LinkEvent::Failed(why))),
        News::Down(why) => {
            controller.lose_connection();
            controller.handle(Input::Link(LinkEvent::Down(why)));
        }
        News::Pong => controller.handle(Input::Link(LinkEvent::Pong)),
        News::Text(text) => controller.on_text(&text),
    }
}

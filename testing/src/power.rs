//! The one loop that carries out what an engine wants.

use evcp::core::{Effect, Engine, Fetched, Input, LinkEvent};
use evcp::time::Now;

/// The power supply of a charge point, and the engine that runs by it.
///
/// Nobody outside gets hold of an engine to give it an input: [`Power::give`] does, and has every effect
/// carried out before it gives the engine back. While effects wait the engine is in the hands of that loop,
/// so that a world which handles an input in between, as no shell ever does, cannot be written. Whoever looks
/// at effects instead of carrying them out takes them all ([`Power::wants`]).
#[derive(Default)]
pub struct Power {
    engine: State,
    /// The power goes after so many effects: `None` for never.
    pub fuel: Option<usize>,
    /// How many effects were carried out.
    pub effects: usize,
}

#[derive(Default)]
enum State {
    #[default]
    Off,
    Idle(Box<Engine>),
    /// Its effects are being carried out.
    Working,
}

/// Where an engine lives: what carries out its effects, and brings it what comes of them.
pub trait Surroundings {
    /// What ends a life early.
    type Wrong;

    /// What the engine runs by.
    fn power(&mut self) -> &mut Power;

    /// The clocks of the charge point.
    fn clock(&self) -> Now;

    /// Carries out one effect.
    ///
    /// # Errors
    /// When something is wrong with it.
    fn carry_out(&mut self, engine: &Engine, effect: Effect) -> Result<(), Self::Wrong>;

    /// What comes next of the effects that were carried out.
    fn news(&mut self) -> Option<News>;

    /// There is no fuel for the next effect: the engine is gone, with all that was not stored. A world that
    /// switches the power on again at once goes on with the new engine.
    ///
    /// # Errors
    /// When something is wrong by then.
    fn power_goes(&mut self) -> Result<(), Self::Wrong>;
}

/// What comes of effects.
#[derive(Debug)]
pub enum News {
    /// Messages of the queue.
    Fetched(Fetched),
    /// The link came up, or went down.
    Link(LinkEvent<'static>),
    /// The central system says something.
    Text(String),
}

impl News {
    fn input(self, text: &mut String) -> Input<'_> {
        match self {
            Self::Fetched(fetched) => Input::Fetched(fetched),
            Self::Link(link) => Input::Link(link),
            Self::Text(said) => {
                *text = said;
                Input::Link(LinkEvent::Text(text))
            }
        }
    }
}

/// As many messages as are ever queued may be fetched in one go, and no more.
const MOST_NEWS: usize = 50_000;

impl Power {
    /// Switches on: what the engine wants at first waits for [`Power::settle`].
    pub fn on(&mut self, engine: Engine) {
        self.engine = State::Idle(Box::new(engine));
    }

    /// Switches off.
    pub fn off(&mut self) {
        self.engine = State::Off;
        self.fuel = None;
    }

    /// Whether there is an engine.
    pub fn is_on(&self) -> bool {
        !matches!(self.engine, State::Off)
    }

    /// Whether its effects are being carried out.
    pub fn is_working(&self) -> bool {
        matches!(self.engine, State::Working)
    }

    /// The engine, to look at, between two inputs.
    pub fn engine(&self) -> Option<&Engine> {
        match &self.engine {
            State::Idle(engine) => Some(engine),
            State::Off | State::Working => None,
        }
    }

    /// The engine of a world takes something in, when all that came before has been done, and everything that
    /// follows from it at once happens. Nothing does without an engine.
    ///
    /// # Errors
    /// What is wrong with an effect.
    pub fn give<W: Surroundings>(world: &mut W, input: Input<'_>) -> Result<(), W::Wrong> {
        Self::settle(world)?;
        match world.power().take() {
            Some(mut engine) => {
                engine.handle(world.clock(), input);
                Self::carry_out(world, engine)
            }
            None => Ok(()),
        }
    }

    /// All that waits in a world is done.
    ///
    /// # Errors
    /// What is wrong with an effect.
    pub fn settle<W: Surroundings>(world: &mut W) -> Result<(), W::Wrong> {
        match world.power().take() {
            Some(engine) => Self::carry_out(world, engine),
            None => Ok(()),
        }
    }

    /// What the engine wants because of an input, if there is one, or wants anyhow: nobody carries it out.
    pub fn wants(&mut self, now: Now, input: Option<Input<'_>>) -> Vec<Effect> {
        let State::Idle(engine) = &mut self.engine else {
            return Vec::new();
        };
        if let Some(input) = input {
            engine.handle(now, input);
        }
        std::iter::from_fn(|| engine.poll()).collect()
    }

    /// Carries out effects in order, and hands the engine what they lead to one by one, until there is nothing
    /// more or the power goes.
    fn carry_out<W: Surroundings>(world: &mut W, mut engine: Box<Engine>) -> Result<(), W::Wrong> {
        let mut text = String::new();
        for _ in 0..MOST_NEWS {
            while let Some(effect) = engine.poll() {
                if world.power().burns() {
                    world.carry_out(&engine, effect)?;
                    continue;
                }
                world.power().engine = State::Off;
                world.power_goes()?;
                match world.power().take() {
                    Some(next) => engine = next,
                    None => return Ok(()),
                }
            }
            match world.news() {
                Some(news) => engine.handle(world.clock(), news.input(&mut text)),
                None => {
                    world.power().engine = State::Idle(engine);
                    return Ok(());
                }
            }
        }
        panic!("it acts without an end");
    }

    /// Takes the engine out, until its effects are carried out.
    fn take(&mut self) -> Option<Box<Engine>> {
        match std::mem::take(&mut self.engine) {
            State::Off => None,
            State::Idle(engine) => {
                self.engine = State::Working;
                Some(engine)
            }
            State::Working => panic!("an input comes while effects are carried out"),
        }
    }

    /// Whether there is fuel for one more effect, which takes it.
    fn burns(&mut self) -> bool {
        match &mut self.fuel {
            Some(0) => return false,
            Some(left) => *left -= 1,
            None => {}
        }
        self.effects += 1;
        true
    }
}

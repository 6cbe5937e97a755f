//! Networks by which a central system can be reached, each in a slot (OCPP 2.0.1 calls them network connection
//! profiles).

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// Where a network profile is kept: 1 to 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NetworkSlot(u8);

impl NetworkSlot {
    /// How many there are.
    pub const COUNT: usize = 4;

    /// All of them, in order.
    pub const ALL: [Self; Self::COUNT] = [Self(1), Self(2), Self(3), Self(4)];

    /// The one that is meant where there is one network only.
    pub const FIRST: Self = Self(1);

    /// A slot by its number.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        let number = u8::try_from(number).ok()?;
        Self::ALL.contains(&Self(number)).then_some(Self(number))
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0 as u32
    }

    /// Its place in an array of all.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize - 1
    }
}

impl fmt::Display for NetworkSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A network profile, as far as the core decides by it.
#[derive(Clone, PartialEq)]
pub struct Network {
    /// Which central system it leads to, and as which charge point: the same text means the same. Its password
    /// is for it alone.
    pub central: String,
    /// Security profile 0 to 3.
    pub security_profile: u8,
    /// The password that the host gave for it.
    pub key: Option<Vec<u8>>,
    /// How the shell gets there.
    pub route: Route,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key is a secret and stays out of logs and test output.
        let key = self.key.as_ref().map(|_| "...");
        f.debug_struct("Network")
            .field("central", &self.central)
            .field("security_profile", &self.security_profile)
            .field("key", &key)
            .finish_non_exhaustive()
    }
}

/// How the shell gets to a central system. The core hands it on with each attempt, and does not look into it.
#[derive(Clone)]
pub struct Route(Arc<dyn Any + Send + Sync>);

impl Route {
    /// What the shell wants back with each attempt.
    #[must_use]
    pub fn new<T: Any + Send + Sync>(way: Arc<T>) -> Self {
        Self(way)
    }

    /// What was handed in.
    #[must_use]
    pub fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.0.clone().downcast().ok()
    }
}

/// No way at all, for where nothing is connected.
impl Default for Route {
    fn default() -> Self {
        Self(Arc::new(()))
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Route {}

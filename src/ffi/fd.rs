//! The file descriptor that a host waits for.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::mailbox::Wake;

/// An eventfd: readable while events wait.
pub(super) struct EventFd {
    fd: OwnedFd,
    /// Set by evcp_wakeup(): the next wait ends at once.
    woken: AtomicBool,
}

impl EventFd {
    pub(super) fn new() -> Result<Self, String> {
        // SAFETY: eventfd has no memory arguments.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(format!("eventfd: {}", std::io::Error::last_os_error()));
        }
        // SAFETY: the descriptor is new and nobody else's.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self {
            fd,
            woken: AtomicBool::new(false),
        })
    }

    pub(super) fn number(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// Ends a wait; nothing here but an atomic store and write(2), as signal handlers need.
    pub(super) fn wake(&self) {
        self.woken.store(true, Ordering::Release);
        self.raise();
    }

    /// Whether somebody woke us since the last time.
    pub(super) fn take_wake(&self) -> bool {
        self.woken.swap(false, Ordering::AcqRel)
    }

    /// Waits until the descriptor is readable: `None` for ever, else for milliseconds.
    pub(super) fn wait(&self, millis: Option<i32>) {
        let mut poll = libc::pollfd {
            fd: self.number(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one entry, which lives as long as the call.
        unsafe { libc::poll(&mut poll, 1, millis.unwrap_or(-1)) };
    }
}

impl Wake for EventFd {
    fn raise(&self) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: eight readable bytes. It fails only when the counter is full: readable anyway.
        unsafe { libc::write(self.number(), one.as_ptr().cast(), one.len()) };
    }

    fn clear(&self) {
        let mut count = [0_u8; 8];
        // SAFETY: eight writable bytes. It fails only when there is nothing to clear.
        unsafe { libc::read(self.number(), count.as_mut_ptr().cast(), count.len()) };
    }
}

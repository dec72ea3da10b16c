//! The thread that empties sockets into a queue.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::clock::realtime_ns;
use crate::failure::{Failure, Result};
use crate::udp::UdpSocket;
use crate::udp_area::Area;
use crate::udp_pace::Pace;
use crate::udp_queue::Queue;

/// Datagrams that one call takes: from here on the call itself costs nothing to speak of.
pub const SLOTS: usize = 64;
/// Calls on one socket before the next has its turn.
const CALLS: usize = 32;
/// After an error of the kernel, such as one for want of memory, the socket is left alone for this long.
const AFTER_ERROR: Duration = Duration::from_millis(10);

/// A running receiver; it stops, after a last look into its sockets, when this is dropped.
#[derive(Debug)]
pub struct Receiver {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    stop: AtomicBool,
    wake: OwnedFd,
    /// Between asking the kernel for datagrams and having put them into the queue.
    is_busy: AtomicBool,
    errors: AtomicU64,
    cpu_ns: AtomicU64,
}

impl Receiver {
    /// Starts a thread that empties `sockets`, each with the number of its listener, into `queue`.
    ///
    /// # Errors
    /// The kernel gives no descriptor or no thread.
    pub fn start(
        sockets: Vec<(u16, Arc<UdpSocket>)>,
        queue: Arc<Queue>,
        slot_bytes: usize,
    ) -> Result<Self> {
        // SAFETY: no pointer is handed over; the result is checked before it is used.
        let wake = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if wake < 0 {
            return Err(Failure::last("eventfd"));
        }
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            // SAFETY: `wake` was just made by eventfd(2), is open, and nobody else owns it.
            wake: unsafe { OwnedFd::from_raw_fd(wake) },
            is_busy: AtomicBool::new(false),
            errors: AtomicU64::new(0),
            cpu_ns: AtomicU64::new(0),
        });
        let worker = Worker {
            pace: Pace::new(
                sockets
                    .iter()
                    .map(|(_, socket)| socket.granted())
                    .min()
                    .unwrap_or(0),
            ),
            area: Area::new(SLOTS, slot_bytes),
            sockets,
            queue,
            shared: Arc::clone(&shared),
        };
        let thread = thread::Builder::new()
            .name("viflux-receive".to_owned())
            .spawn(move || worker.run())
            .map_err(|error| Failure::from_io(&error, "thread of a receiver"))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Whether datagrams that are in no socket any more may not be in the queue yet.
    pub fn is_busy(&self) -> bool {
        self.shared.is_busy.load(Ordering::SeqCst)
    }

    /// Calls that the kernel answered with an error, since the start.
    pub fn errors(&self) -> u64 {
        self.shared.errors.load(Ordering::Relaxed)
    }

    /// Processor time of the thread, as it was at its last pause.
    pub fn cpu_ns(&self) -> u64 {
        self.shared.cpu_ns.load(Ordering::Relaxed)
    }

    /// Ends the thread after a last look into its sockets.
    pub fn stop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        let one = 1_u64;
        // SAFETY: the descriptor is open as long as `shared` lives, and `one` is the eight bytes that an eventfd takes.
        unsafe { libc::write(self.shared.wake.as_raw_fd(), (&raw const one).cast(), 8) };
        if let Some(thread) = self.thread.take() {
            // A panic of it was told on stderr; the counters say what it did until then.
            let _ = thread.join();
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Worker {
    sockets: Vec<(u16, Arc<UdpSocket>)>,
    queue: Arc<Queue>,
    area: Area,
    pace: Pace,
    shared: Arc<Shared>,
}

impl Worker {
    fn run(mut self) {
        let mut polled: Vec<libc::pollfd> = self
            .sockets
            .iter()
            .map(|(_, socket)| socket.as_fd().as_raw_fd())
            .chain([self.shared.wake.as_raw_fd()])
            .map(|fd| libc::pollfd {
                fd,
                events: libc::POLLIN,
                revents: 0,
            })
            .collect();
        let mut before = Instant::now();
        loop {
            let is_last = self.shared.stop.load(Ordering::Acquire);
            self.shared.is_busy.store(true, Ordering::SeqCst);
            let (count, is_more) = self.empty();
            self.shared.is_busy.store(false, Ordering::SeqCst);
            if count > 0 {
                self.queue.announce();
            }
            self.shared.cpu_ns.store(thread_cpu_ns(), Ordering::Relaxed);
            if is_last && !is_more {
                return;
            }
            let now = Instant::now();
            let pause = self.pace.after(count, now - before);
            before = now;
            match pause {
                _ if is_more => {}
                Some(pause) => thread::sleep(pause),
                // More came while the last were put away, or the queue is empty and nothing is to be done.
                None => self.wait(&mut polled),
            }
        }
    }

    /// Empties all sockets once. Returns how many datagrams came, and whether one still has some.
    fn empty(&mut self) -> (usize, bool) {
        let (mut all, mut is_more) = (0, false);
        for (listener, socket) in &self.sockets {
            let mut calls = 0;
            loop {
                let count = match self.area.receive(socket.as_fd()) {
                    Ok(count) => count,
                    Err(_) => {
                        self.shared.errors.fetch_add(1, Ordering::Relaxed);
                        thread::sleep(AFTER_ERROR);
                        0
                    }
                };
                if count > 0 {
                    self.queue
                        .put(*listener, self.area.received(), realtime_ns());
                }
                all += count;
                calls += 1;
                if count < self.area.slots() {
                    break;
                }
                if calls == CALLS {
                    is_more = true;
                    break;
                }
            }
        }
        (all, is_more)
    }

    fn wait(&self, polled: &mut [libc::pollfd]) {
        // SAFETY: `polled` lives through the call and the count is its length; its descriptors are open as long as `self`.
        let count = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, -1) };
        if count < 0 && io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            self.shared.errors.fetch_add(1, Ordering::Relaxed);
            thread::sleep(AFTER_ERROR);
        }
    }
}

/// Processor time of the calling thread, ns.
pub fn thread_cpu_ns() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a live timespec that the kernel fills; the clock exists on every Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

//! The thread that opens and closes the windows in which the probe `transit` looks at packets.
//!
//! A program at a tracepoint costs each packet some 50 ns, whatever it does. So the programs are in the kernel only for a share of
//! the time, and what they cost then is spread over all packets.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use probes::clock::{monotonic_ns, realtime_ns};
use probes::transit::{Fates, TransitProbe};
use probes::Failure;
use transits::Tally;

use crate::listener::locked;

/// How often the ring is looked into, and whether all samples of a closed window are settled.
const LOOK: Duration = Duration::from_millis(5);
/// The same while the programs are never taken out.
const LOOK_ALWAYS: Duration = Duration::from_millis(50);

/// When packets are looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// How long packets that come in are sampled at a time.
    pub window: Duration,
    /// How long the last of them are waited for.
    pub longest: Duration,
}

/// What the thread and the agent share.
pub(crate) struct Work {
    pub probe: TransitProbe,
    pub tally: Tally,
    /// One of so many packets is sampled in a window.
    pub one_of: u32,
    /// Of the time in which the programs are in the kernel; 1 for always.
    pub share: f64,
    /// Since the last drain: how long packets were sampled, each ns divided by one of how many.
    pub sampled_ns: f64,
    /// Samples of windows that are over that were never settled.
    pub void: u64,
    /// Why the last window could not be opened or closed.
    pub failure: Option<Failure>,
    opened_ns: Option<i64>,
}

impl Work {
    pub fn new(probe: TransitProbe, tally: Tally, one_of: u32, share: f64) -> Self {
        Self {
            probe,
            tally,
            one_of,
            share,
            sampled_ns: 0.0,
            void: 0,
            failure: None,
            opened_ns: None,
        }
    }

    /// Take the samples that are told by now.
    pub fn look(&mut self) {
        let offset_ns = realtime_ns() - monotonic_ns();
        let tally = &mut self.tally;
        self.probe.drain(|sample| tally.take(sample, offset_ns));
    }

    /// Count the time in which packets were sampled, until now.
    pub fn take_time(&mut self) {
        let now_ns = monotonic_ns();
        if let Some(opened_ns) = self.opened_ns.replace(now_ns) {
            self.sampled_ns += (now_ns - opened_ns) as f64 / f64::from(self.one_of.max(1));
        } else {
            self.opened_ns = None;
        }
    }

    /// From now on one of so many packets is sampled.
    pub fn set_rate(&mut self, one_of: u32) {
        self.take_time();
        self.one_of = one_of;
        if self.opened_ns.is_some() {
            self.failure = self.probe.set_rate(one_of).err();
        }
    }

    fn open(&mut self) {
        self.failure = self.probe.begin(self.one_of).err();
        if self.failure.is_none() {
            self.opened_ns = Some(monotonic_ns());
        }
    }

    fn close(&mut self) {
        self.take_time();
        self.opened_ns = None;
        if let Err(failure) = self.probe.close() {
            self.failure = Some(failure);
        }
    }

    fn is_settled(&mut self) -> bool {
        let Fates { begun, settled, .. } = self.fates();
        begun.saturating_sub(settled) <= self.void
    }

    pub fn fates(&mut self) -> Fates {
        self.probe.fates().unwrap_or_else(|failure| {
            self.failure = Some(failure);
            Fates::default()
        })
    }

    fn end(&mut self) {
        if let Err(failure) = self.probe.end() {
            self.failure = Some(failure);
        }
        self.look();
        let Fates { begun, settled, .. } = self.fates();
        self.void = begun.saturating_sub(settled).max(self.void);
    }
}

/// The thread; dropped, it ends, and nothing is attached any more.
pub(crate) struct Windows {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Windows {
    /// Open the first window, and start the thread.
    ///
    /// # Errors
    /// The kernel refuses to attach, or to make a thread.
    pub fn start(work: &Arc<Mutex<Work>>, plan: Plan) -> Result<Self, Failure> {
        {
            let mut work = locked(work);
            work.open();
            if let Some(failure) = work.failure.take() {
                return Err(failure);
            }
        }
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let (work, stopping) = (Arc::clone(work), Arc::clone(&stop));
        let thread = std::thread::Builder::new()
            .name("transit".to_owned())
            .spawn(move || {
                Runner {
                    work,
                    stopping,
                    plan,
                }
                .run()
            })
            .map_err(|error| Failure::of(error.raw_os_error().unwrap_or(0), "a thread"))?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Windows {
    fn drop(&mut self) {
        *locked(&self.stop.0) = true;
        self.stop.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked leaves its programs to the probe, which takes them out.
            let _ = thread.join();
        }
    }
}

struct Runner {
    work: Arc<Mutex<Work>>,
    stopping: Arc<(Mutex<bool>, Condvar)>,
    plan: Plan,
}

impl Runner {
    /// A window is open when it begins.
    fn run(&self) {
        loop {
            let share = locked(&self.work).share;
            if share >= 1.0 {
                if self.wait(LOOK_ALWAYS) {
                    self.finish(true);
                    return;
                }
                locked(&self.work).look();
                continue;
            }
            let is_over = self.wait(self.plan.window);
            let waited = self.finish(is_over);
            // While the last ones are waited for two of the three programs that a packet meets are still there.
            let taken = self.plan.window + waited * 2 / 3;
            if is_over || self.wait(taken.mul_f64(1.0 / share - 1.0)) {
                return;
            }
            locked(&self.work).open();
        }
    }

    /// Close the window, wait for packets that are on their way unless there is no time for that, and say how long.
    fn finish(&self, at_once: bool) -> Duration {
        let begun = Instant::now();
        locked(&self.work).close();
        loop {
            {
                let mut work = locked(&self.work);
                work.look();
                if at_once || work.is_settled() || begun.elapsed() >= self.plan.longest {
                    work.end();
                    return begun.elapsed();
                }
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Wait, or until all is to end; whether it is.
    fn wait(&self, time: Duration) -> bool {
        let (stop, changed) = &*self.stopping;
        let guard = locked(stop);
        *changed
            .wait_timeout_while(guard, time, |is_over| !*is_over)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }
}

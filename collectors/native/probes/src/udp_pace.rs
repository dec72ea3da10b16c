//! How long to let a socket's queue fill before it is emptied again.

use std::time::Duration;

/// Waking for each datagram costs twice what emptying a full queue does.
const MOST: Duration = Duration::from_millis(5);
const LEAST: Duration = Duration::from_micros(500);
/// As many as two calls take.
const WANTED: f64 = 128.0;
/// Below this, waking costs nothing to speak of, and whoever looks sees a datagram at once.
const WORTH_WAITING: f64 = 4.0;
/// What a datagram of an Ethernet frame's size takes of a socket's buffer: its memory and the kernel's record of it.
const KERNEL_BYTES: usize = 2304;
/// A burst that may come any time, datagrams a second; half the buffer must hold it through a pause.
const BURST: f64 = 200_000.0;

/// Chooses pauses from the rate at which datagrams come and the buffer that must hold them meanwhile.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Datagrams a second, smoothed.
    rate: f64,
    /// Datagrams that the smallest buffer holds.
    room: f64,
}

impl Pace {
    /// A pace for sockets of which the smallest has a buffer of `granted` bytes (the kernel's own count is twice that).
    pub fn new(granted: usize) -> Self {
        Self {
            rate: 0.0,
            room: (2 * granted / KERNEL_BYTES) as f64,
        }
    }

    /// The pause after an emptying that brought `count` datagrams, `elapsed` after the one before; `None`: wait for the next.
    pub fn after(&mut self, count: usize, elapsed: Duration) -> Option<Duration> {
        let seconds = elapsed.as_secs_f64().max(1e-6);
        // The longer ago, the less the past counts; a 20th of a second is forgotten by half in about 14 ms.
        let old = (-seconds / 0.02).exp();
        self.rate = self.rate * old + count as f64 / seconds * (1.0 - old);
        if self.rate * MOST.as_secs_f64() < WORTH_WAITING {
            return None;
        }
        let pause = (WANTED / self.rate)
            .clamp(LEAST.as_secs_f64() * 2.0, MOST.as_secs_f64())
            .min(self.room / 4.0 / self.rate)
            .min(self.room / 2.0 / BURST);
        (pause >= LEAST.as_secs_f64()).then(|| Duration::from_secs_f64(pause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUFFER: usize = 16 << 20;

    fn settled(granted: usize, rate: f64) -> Option<Duration> {
        let mut pace = Pace::new(granted);
        let step = Duration::from_millis(2);
        let count = (rate * step.as_secs_f64()) as usize;
        (0..200).map(|_| pace.after(count, step)).last().flatten()
    }

    #[test]
    fn few_datagrams_are_waited_for_one_by_one() {
        assert_eq!(settled(BUFFER, 500.0), None);
        assert_eq!(Pace::new(BUFFER).after(1, Duration::from_secs(1)), None);
    }

    #[test]
    fn many_datagrams_are_let_gather() {
        assert_eq!(settled(BUFFER, 10_000.0), Some(Duration::from_millis(5)));
        let fast = settled(BUFFER, 100_000.0);
        assert!(fast >= Some(Duration::from_millis(1)) && fast < Some(Duration::from_millis(2)));
    }

    #[test]
    fn a_small_buffer_is_never_left_to_fill() {
        // What an ordinary user gets where nobody raised net.core.rmem_max.
        assert_eq!(settled(64 << 10, 100_000.0), None);
        let some = settled(2 << 20, 300_000.0).unwrap_or_default();
        let held = (2.0 * (2 << 20) as f64) / KERNEL_BYTES as f64;
        assert!(some.as_secs_f64() * 300_000.0 <= held / 4.0);
    }

    #[test]
    fn a_rate_that_falls_ends_the_pauses() {
        let mut pace = Pace::new(BUFFER);
        for _ in 0..50 {
            pace.after(200, Duration::from_millis(2));
        }
        let pauses = (0..100)
            .take_while(|_| pace.after(0, Duration::from_millis(5)).is_some())
            .count();
        assert!(
            pauses < 100,
            "it still pauses after half a second of silence"
        );
    }
}

//! Real namespaces to test on. Each test thread gets a home namespace of its own, so that tests neither see nor disturb each
//! other or the machine's interfaces.

#![allow(dead_code, reason = "each test file uses a part")]

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use probes::{Home, NamespacePlace};

/// What an event or a change may take to show; a failed wait says what it waited for.
pub const DEADLINE: Duration = Duration::from_secs(10);

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Whether this process may make namespaces. Says so where not, and fails where the real parts are required.
pub fn has_root() -> bool {
    // SAFETY: the call has no arguments and cannot fail.
    if unsafe { libc::geteuid() } == 0 {
        return true;
    }
    assert_ne!(
        std::env::var("REQUIRE_REAL_PARTS").as_deref(),
        Ok("1"),
        "these tests need root"
    );
    // Not eprintln!, which the test runner keeps to itself: a skip is to be seen.
    let _ = writeln!(std::io::stderr(), "skipped: needs root");
    false
}

/// Runs a command in the calling thread's namespace and returns what it printed.
pub fn run(line: &str) -> String {
    let mut words = line.split_whitespace();
    let output = Command::new(words.next().unwrap())
        .args(words)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{line}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Moves the calling thread into a new namespace and makes that its home. It ends with the test's thread.
pub fn home() -> Home {
    // SAFETY: the call changes only the calling thread, which is the test's own.
    assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWNET) }, 0, "unshare");
    run("ip link set lo up");
    Home::open().unwrap()
}

/// Runs `question` on a thread that has the caller's namespaces and no capability.
pub fn without_capabilities<T: Send>(question: impl FnOnce() -> T + Send) -> T {
    #[repr(C)]
    struct Header(u32, i32);
    let run = || {
        let mut header = Header(0x2008_0522, 0);
        let sets = [[0_u32; 3]; 2];
        // SAFETY: version 3 takes two sets of three words; pid 0 is the calling thread.
        let code = unsafe { libc::syscall(libc::SYS_capset, &mut header, sets.as_ptr()) };
        assert_eq!(code, 0, "capset");
        question()
    };
    std::thread::scope(|scope| {
        scope
            .spawn(run)
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// A named namespace, deleted at the end of the test.
pub struct Named {
    pub name: String,
    is_there: bool,
}

impl Named {
    pub fn new() -> Self {
        let name = format!(
            "vfx{}n{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        run(&format!("ip netns add {name}"));
        Self {
            name,
            is_there: true,
        }
    }

    pub fn run(&self, line: &str) -> String {
        run(&format!("ip netns exec {} {line}", self.name))
    }

    pub fn delete(&mut self) {
        run(&format!("ip netns del {}", self.name));
        self.is_there = false;
    }

    pub fn place(&self, home: &Home) -> NamespacePlace {
        let found = probes::discover(home, &["/run/netns".into()], false).unwrap();
        found
            .places
            .into_iter()
            .find(|place| place.name() == self.name)
            .unwrap()
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        if self.is_there {
            let _ = Command::new("ip")
                .args(["netns", "del", &self.name])
                .status();
        }
    }
}

/// A process that ends with the test.
pub struct Running {
    child: Child,
}

impl Running {
    pub fn start(words: &[&str]) -> Self {
        let child = Command::new(words[0])
            .args(&words[1..])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self {
            child: child.unwrap(),
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again until there is an answer.
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            Instant::now() < end,
            "{what} did not happen in {DEADLINE:?}"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

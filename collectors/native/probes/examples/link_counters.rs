//! What reading counters costs: `cargo run --release -p probes --example link_counters [links] [namespaces]` as root.
//!
//! Makes `links` interfaces (veth pairs) in one namespace, then the same number spread over `namespaces`, reads them many times
//! and prints CPU time of the reading thread for each sweep. Everything lives in a namespace of its own and is removed at the end.

use std::process::{Command, ExitCode};
use std::time::Instant;

use probes::sweep::Sweep;
use probes::{discover, dump, nsid, sysfs, Home, NamespacePlace};

const SWEEPS: usize = 101;

type Failed = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|argument| argument.parse::<usize>());
    let mut number = |default| arguments.next().and_then(Result::ok).unwrap_or(default);
    let (links, namespaces) = (number(1000), number(500));
    match measure(links, namespaces) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("link_counters: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn measure(links: usize, namespaces: usize) -> Result<(), Failed> {
    // SAFETY: the call changes only this thread, which has nothing open yet.
    if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
        return Err("needs root, to make namespaces".into());
    }
    let home = Home::open()?;
    println!("| what | links | CPU a sweep, median | 95th | wall, median |\n|---|---|---|---|---|");
    for (title, count) in [("one namespace", 1), ("spread", namespaces)] {
        let ground = Ground::make(count, links / 2 / count)?;
        let mut places = discover(&home, &["/run/netns".into()], false)?.places;
        places.retain(|place| place.name().starts_with(&ground.prefix));
        let title = format!("{title} ({count})");
        facts(&home, &title, &mut places)?;
        for (what, with_qdiscs) in [("link statistics", false), ("with root queues", true)] {
            sweeps(&home, &format!("{title}, {what}"), &places, with_qdiscs)?;
        }
    }
    Ok(())
}

fn sweeps(
    home: &Home,
    what: &str,
    places: &[NamespacePlace],
    with_qdiscs: bool,
) -> Result<(), Failed> {
    let mut sweep = Sweep::default();
    let mut costs = Costs::default();
    for _ in 0..SWEEPS {
        costs.of(|| sweep.read(home, places, with_qdiscs));
        if let Some(failure) = sweep
            .readings
            .iter()
            .find_map(|reading| reading.failure.clone())
        {
            return Err(failure.into());
        }
    }
    costs.print(what, sweep.links.len());
    Ok(())
}

/// The questions that are asked once, or once a minute.
fn facts(home: &Home, title: &str, places: &mut [NamespacePlace]) -> Result<(), Failed> {
    let (mut assign, mut look, mut dumps, mut identities) = (
        Costs::default(),
        Costs::default(),
        Costs::default(),
        Costs::default(),
    );
    assign.of(|| {
        places
            .iter_mut()
            .for_each(|place| place.nsid = nsid::assign(home, place).ok())
    });
    look.of(|| discover(home, &["/run/netns".into()], true))
        .map(|_| ())?;
    let found = dumps.of(|| {
        places
            .iter()
            .map(|place| dump::namespace(home, place))
            .collect::<Result<Vec<_>, _>>()
    })?;
    let devices = identities.of(|| {
        let of_one = |(place, dump): (&NamespacePlace, &dump::NamespaceDump)| {
            sysfs::devices(home, place, &dump.links.iter().collect::<Vec<_>>())
        };
        places
            .iter()
            .zip(&found)
            .map(of_one)
            .collect::<Result<Vec<_>, _>>()
    })?;
    let links = found.iter().map(|dump| dump.links.len()).sum();
    assign.print(&format!("{title}, nsids assigned"), links);
    look.print(&format!("{title}, namespaces looked for"), links);
    dumps.print(&format!("{title}, whole dump"), links);
    identities.print(
        &format!("{title}, sysfs identities"),
        devices.iter().map(Vec::len).sum(),
    );
    Ok(())
}

/// CPU and wall time of each run, ns.
#[derive(Default)]
struct Costs {
    cpu: Vec<i64>,
    wall: Vec<i64>,
}

impl Costs {
    fn of<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let (cpu, wall) = (thread_cpu_ns(), Instant::now());
        let result = run();
        self.cpu.push(thread_cpu_ns() - cpu);
        self.wall
            .push(i64::try_from(wall.elapsed().as_nanos()).unwrap_or(i64::MAX));
        result
    }

    fn print(mut self, what: &str, links: usize) {
        self.cpu.sort_unstable();
        self.wall.sort_unstable();
        let milliseconds =
            |sorted: &[i64], share: usize| sorted[(sorted.len() - 1) * share / 100] as f64 / 1e6;
        let (cpu, wall) = (&self.cpu, &self.wall);
        println!(
            "| {what} | {links} | {:.2} ms | {:.2} ms | {:.2} ms |",
            milliseconds(cpu, 50),
            milliseconds(cpu, 95),
            milliseconds(wall, 50)
        );
    }
}

fn thread_cpu_ns() -> i64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` lives through the call.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Namespaces that are removed at the end.
struct Ground {
    prefix: String,
    count: usize,
}

impl Ground {
    fn make(count: usize, pairs: usize) -> Result<Self, Failed> {
        let ground = Self {
            prefix: format!("vfxbench{}x{count}n", std::process::id()),
            count,
        };
        for number in 0..count {
            let name = format!("{}{number}", ground.prefix);
            ip(&["netns", "add", &name])?;
            let batch: String = (0..pairs)
                .map(|pair| {
                    format!(
                        "link add a{pair} up type veth peer name b{pair}\nlink set b{pair} up\n"
                    )
                })
                .collect();
            let file = std::env::temp_dir().join(&name);
            std::fs::write(&file, batch)?;
            let made = ip(&["-n", &name, "-batch", &file.to_string_lossy()]);
            std::fs::remove_file(&file)?;
            made?;
        }
        Ok(ground)
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        for number in 0..self.count {
            // The rest must go even where one cannot.
            let _ = ip(&["netns", "del", &format!("{}{number}", self.prefix)]);
        }
    }
}

fn ip(arguments: &[&str]) -> Result<(), Failed> {
    let status = Command::new("ip").args(arguments).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("ip {} failed", arguments.join(" ")).into())
    }
}

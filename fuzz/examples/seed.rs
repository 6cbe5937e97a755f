//! Writes the seeds: from the frames of the virtual-time tests, and by hand what frames alone do not
//! reach. `seed TRACES SEEDS`; see `fuzz/seed`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use evcp::wire::v16::Action;
use evcp_fuzz::engine::{ACTIONS, ANSWER, CALL, EV, METER, POLITE, RAW, RUN, TAG};
use serde_json::Value;

fn main() {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(traces), Some(seeds)) = (args.next(), args.next()) else {
        panic!("seed TRACES SEEDS");
    };
    let mut out = Seeds::default();
    let mut files: Vec<_> = fs::read_dir(&traces)
        .expect("the traces are there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    for file in files {
        let text = fs::read_to_string(&file).expect("a trace is text");
        let lines: Vec<Value> = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        out.trace(&lines);
    }
    out.sessions();
    out.records();
    out.programs();
    out.kits();
    out.write(&seeds);
}

/// What is written for each target, by a key that tells like from unlike.
#[derive(Default)]
struct Seeds(BTreeMap<(&'static str, String), Vec<u8>>);

/// What a payload is made of, without its values.
fn shape(value: &Value) -> String {
    match value {
        Value::Object(all) => {
            let all: Vec<_> = all
                .iter()
                .map(|(key, value)| format!("{key}:{}", shape(value)))
                .collect();
            format!("{{{}}}", all.join(","))
        }
        Value::Array(all) => {
            let all: BTreeSet<_> = all.iter().map(shape).collect();
            format!("[{}]", all.into_iter().collect::<Vec<_>>().join(","))
        }
        Value::String(_) => "s".to_owned(),
        Value::Number(_) => "n".to_owned(),
        Value::Bool(_) => "b".to_owned(),
        Value::Null => "null".to_owned(),
    }
}

fn text(text: &str) -> Vec<u8> {
    let len = u16::try_from(text.len()).unwrap_or(u16::MAX);
    [&len.to_le_bytes(), &text.as_bytes()[..usize::from(len)]].concat()
}

/// A charger with one connector, a sample each minute.
const CHARGER: [u8; 6] = [0, 0, 0, 0, 0, 0];

impl Seeds {
    fn add(&mut self, target: &'static str, key: impl Into<String>, bytes: Vec<u8>) {
        self.0.entry((target, key.into())).or_insert(bytes);
    }

    fn trace(&mut self, lines: &[Value]) {
        let mut asked: BTreeMap<String, Action> = BTreeMap::new();
        let mut life = CHARGER.to_vec();
        life.extend([POLITE, 0]);
        let (mut story, mut before) = (BTreeSet::new(), 0);
        for line in lines {
            let said = line["text"].as_str().unwrap_or_default();
            let now = line["ms"].as_u64().unwrap_or(0);
            let gap = u16::try_from(now.saturating_sub(before) / 1_000).unwrap_or(u16::MAX);
            before = now;
            let frame: Value = serde_json::from_str(said).unwrap_or_default();
            self.frame(said, &frame, &mut asked);
            if line["what"] != "received" || life.len() > 1_500 {
                continue;
            }
            if gap > 0 {
                life.push(RUN);
                life.extend(gap.to_le_bytes());
            }
            let action = ACTIONS.iter().position(|name| frame[2] == *name);
            match (frame[0].as_i64(), action) {
                (Some(2), Some(action)) => {
                    life.extend([CALL, action as u8]);
                    life.extend(text(&frame[3].to_string()));
                    story.insert(format!("{action}{}", shape(&frame[3])));
                }
                (Some(3), _) => {
                    life.push(ANSWER);
                    life.extend(text(&frame[2].to_string()));
                    story.insert(shape(&frame[2]));
                }
                _ => {
                    life.push(RAW);
                    life.extend(text(said));
                    story.insert(shape(&frame));
                }
            }
        }
        let story: Vec<_> = story.into_iter().collect();
        if story.len() > 3 {
            self.add("engine", story.join(" "), life);
        }
    }

    fn frame(&mut self, said: &str, frame: &Value, asked: &mut BTreeMap<String, Action>) {
        if said.is_empty() || said.len() > 4_000 {
            return;
        }
        let id = frame[1].as_str().unwrap_or_default().to_owned();
        let word = frame[2].as_str().unwrap_or_default();
        self.add("frame", format!("{word} {}", shape(frame)), said.into());
        let (action, side, payload) = match frame[0].as_i64() {
            Some(2) => {
                let Some(action) = Action::parse(word) else {
                    return;
                };
                asked.insert(id, action);
                (action, 0, &frame[3])
            }
            Some(3) => match asked.get(&id) {
                Some(action) => (*action, 1, &frame[2]),
                None => return,
            },
            _ => return,
        };
        let which = Action::ALL.iter().position(|known| *known == action);
        let which = which.expect("it is one of all") as u8 * 2 + side;
        let bytes = [&[which], payload.to_string().as_bytes()].concat();
        self.add("message", format!("{which} {}", shape(payload)), bytes);
        if let (Action::ChangeConfiguration, 0) = (action, side) {
            let key = payload["key"].as_str().unwrap_or_default();
            let value = payload["value"].as_str().unwrap_or_default();
            let mut bytes = vec![0, 0, 0, 0, 0];
            bytes.extend(text(key));
            bytes.push(3);
            bytes.extend(text(value));
            self.add("settings", format!("{key}={value}"), bytes);
        }
    }

    /// Whole sessions, with a central system that answers.
    fn sessions(&mut self) {
        let plug = [EV, 0, 2];
        let charge = [EV, 0, 3];
        let unplug = [EV, 0, 0];
        let tag = [TAG, 1, 0, 0];
        let meter = |wh: u16| [&[METER, 1][..], &wh.to_le_bytes()].concat();
        let run = |secs: u16| [&[RUN][..], &secs.to_le_bytes()].concat();
        let session: Vec<Vec<u8>> = vec![
            run(1),
            plug.into(),
            meter(100),
            tag.into(),
            run(5),
            charge.into(),
            run(70),
            meter(900),
            run(200),
            tag.into(),
            run(3),
            unplug.into(),
            run(600),
        ];
        let cuts: [(&str, Vec<u8>); 6] = [
            ("whole", vec![]),
            ("power", vec![12]),
            ("fuel", vec![13, 3]),
            ("link", vec![10]),
            ("fault", vec![16, 1, 0, 0, 1]),
            ("unreachable", vec![11, 0, 10]),
        ];
        for bits in [0_u8, 1, 2, 0xFF] {
            for (name, cut) in &cuts {
                for place in [3, 5, 7, 11] {
                    let mut life = vec![0, bits, 0, 1, 0, 1];
                    life.extend(session[..place].concat());
                    life.extend(cut);
                    life.extend(session[place..].concat());
                    self.add("engine", format!("{name} {bits} {place}"), life);
                }
            }
        }
        // A long time without a central system, with a sample each second: the queue fills.
        let mut life = vec![0, 0, 1, 0, 0, 0];
        life.extend(
            [
                run(1),
                plug.into(),
                meter(1),
                tag.into(),
                charge.into(),
                vec![11, 0, 10],
            ]
            .concat(),
        );
        for hour in 1..8 {
            life.extend(meter(hour * 100));
            life.extend(run(100));
        }
        life.extend([11, 1]);
        life.extend(run(3_600));
        self.add("engine", "full", life);
    }

    /// Noise is enough here: every byte is a record or a part of one.
    fn records(&mut self) {
        for way in 0..3_u8 {
            for step in [3_u32, 7, 11, 101] {
                let noise = (0..300_u32).map(|n| (n * step + n * n / 5) as u8);
                let bytes = std::iter::once(way).chain(noise).collect();
                self.add("records", format!("{way} {step}"), bytes);
            }
        }
    }

    /// A charge point of the C API that is made, started, used and freed.
    fn programs(&mut self) {
        let made = |script: &[u8]| {
            let mut bytes = vec![0, 2, 0, 3];
            bytes.extend(0x8000_0000_u32.to_le_bytes());
            bytes.push(3);
            bytes.extend((script.len() as u16).to_le_bytes());
            bytes.extend(script);
            bytes.extend([1, 1]);
            bytes
        };
        for which in 0..27_u8 {
            let noise: Vec<u8> = (0..24).map(|n| n * 7 + which).collect();
            let mut program = made(&[1, 1, which, 2, 1, 1, 1, 0, 0, 0, 0, 0]);
            for other in [0, which, 0, which.wrapping_mul(5) % 27, 0] {
                program.extend([0, 7, 1, 0, other]);
                program.extend(&noise[..6]);
            }
            self.add("capi", format!("{which}"), program);
        }
    }

    /// A session in a world, with each act of a test in the middle of it, and in callbacks.
    fn kits(&mut self) {
        for which in 0..16_u8 {
            let script: Vec<u8> = (0..36).map(|n| n * 5 + which).collect();
            let mut program = vec![0, 1];
            program.extend(0x8000_0000_u32.to_le_bytes());
            program.push(3);
            program.extend((script.len() as u16).to_le_bytes());
            program.extend(script);
            program.extend([1, 1]);
            let noise: Vec<u8> = (0..6).map(|n| n * 7 + which).collect();
            let act = [&[7, which][..], &noise].concat();
            let (wait, plug, tag) = ([5, 1, 5, 1], [9, 1, 1, 7, 2], [9, 1, 1, 15, 5, 0]);
            for part in [
                &wait[..],
                &plug,
                &tag,
                &wait,
                &act,
                &wait,
                &tag,
                &wait,
                &act,
            ] {
                program.extend(part);
            }
            self.add("kit", format!("{which}"), program);
        }
    }

    fn write(&self, folder: &Path) {
        let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for ((target, _), bytes) in &self.0 {
            let count = counts.entry(target).or_default();
            *count = (count.0 + 1, count.1 + bytes.len());
            let folder = folder.join(target);
            fs::create_dir_all(&folder).expect("a folder can be made");
            fs::write(folder.join(format!("{:04}", count.0)), bytes).expect("it can be written");
        }
        for (target, (count, bytes)) in counts {
            println!("{target}: {count} seeds, {bytes} bytes");
        }
    }
}

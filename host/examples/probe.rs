use accoil_stream::{event::Event, limits::Limits, sandbox::*};
use std::time::{Duration, Instant};
fn main() {
    let wasm = std::fs::read(std::env::args().nth(1).unwrap()).unwrap();
    let d = std::fs::read(std::env::args().nth(2).unwrap()).unwrap();
    let n: usize = std::env::args().nth(3).unwrap().parse().unwrap();
    let set = std::env::args().nth(4).unwrap_or("{}".into());
    let sandbox = Sandbox::new(&Limits::default(), Metering::Off).unwrap();
    let t = Instant::now();
    let m = sandbox.admit(&wasm).unwrap();
    println!("admit {:?} {:?}", t.elapsed(), m.inspection());
    let s = m.settings(&set).unwrap();
    let (mut canon, mut run, mut out) = (Duration::ZERO, Duration::ZERO, 0);
    let t0 = Instant::now();
    let mut c = 0;
    let lines: Vec<&[u8]> = d.split(|b| *b == b'\n').filter(|l| !l.is_empty()).collect();
    println!("split {:.3}", t0.elapsed().as_secs_f64() * 1e6 / lines.len() as f64);
    for chunk in lines.chunks(n) {
        let t = Instant::now();
        let events: Vec<_> = chunk.iter().map(|l| Event::read(l).unwrap()).collect();
        canon += t.elapsed();
        let t = Instant::now();
        let o = m.run(&s, &events);
        run += t.elapsed();
        c += o.len();
        out += o.iter().filter(|o| matches!(o, Outcome::Deliver(_))).count();
        if c == o.len() {
            println!("{:?}", o[0]);
        }
    }
    println!(
        "n={n} canon {:.3} run {:.3} us/ev, delivered {out}",
        canon.as_secs_f64() * 1e6 / c as f64,
        run.as_secs_f64() * 1e6 / c as f64
    );
}

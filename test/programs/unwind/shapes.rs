// Trait objects, closures called by the standard library, unwinding panics and threads, all allocating.
use std::collections::{BTreeMap, HashMap};
use std::thread;
trait Shape { fn area(&self, depth: u32) -> usize; }
struct Named(String);
struct Listed(Vec<u64>);
impl Shape for Named { fn area(&self, depth: u32) -> usize { descend(depth - 1) + self.0.len() } }
impl Shape for Listed { fn area(&self, depth: u32) -> usize { let r = descend(depth - 1); r + self.0.clone().len() } }
#[inline(never)]
fn descend(depth: u32) -> usize {
    if depth == 0 { return format!("{:?}", vec![1, 2, 3]).len(); }
    let shape: Box<dyn Shape> = if depth % 2 == 0 { Box::new(Named("x".repeat(depth as usize))) } else { Box::new(Listed(vec![1; depth as usize])) };
    let mut words: Vec<String> = (0..depth).map(|n| n.to_string()).collect();
    words.sort_by(|a, b| b.to_string().cmp(&a.to_string()));
    shape.area(depth) + words.join("/").len()
}
#[inline(never)]
fn unwinds(depth: u32) -> usize {
    std::panic::catch_unwind(|| { let guard = vec![depth; 10]; if depth % 3 == 0 { std::panic::resume_unwind(Box::new(guard.len())) } descend(depth) }).unwrap_or(0)
}
fn main() {
    let threads: Vec<_> = (0..3u32).map(|t| thread::spawn(move || {
        let mut map = HashMap::new(); let mut tree = BTreeMap::new(); let mut sum = 0;
        for n in 0..100u32 { map.insert(n.to_string(), vec![n; 3]); tree.insert(n, n.to_string()); sum += unwinds(n % 20 + t) }
        sum + map.len() + tree.len()
    })).collect();
    println!("{}", threads.into_iter().map(|t| t.join().unwrap()).sum::<usize>());
}

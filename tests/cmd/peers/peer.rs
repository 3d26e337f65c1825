// SPDX-License-Identifier: Apache-2.0
//! A Rust program among others of other languages: see ../languages.bats. It
//! binds the C functions as they are; rustc and libqt.so are all it needs.

use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::{env, process, ptr};

/// A handle of C: a segment, a queue, a map, an array.
type Handle = *mut c_void;

#[repr(C)]
struct Err {
    text: [c_char; 512],
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Record {
    i: i64,
    x: f64,
    s: [u8; 8],
}

const DTYPE: &str = "[('i','<i8'),('x','<f8'),('s','|S8')]";
const QT_SEG_JOIN: u32 = 1;
const DEADLINE_MS: i64 = 60000;

#[repr(C)]
struct ArraySpec {
    dtype: *const c_char,
    shape: [u64; 4],
}

#[repr(C)]
struct QueueSpec {
    dtype: *const c_char,
    capacity: u64,
    item_max: u32,
    flags: u32,
    loans: u32,
}

#[repr(C)]
struct MapSpec {
    key_dtype: *const c_char,
    dtype: *const c_char,
    key_max: u32,
    value_max: u32,
    capacity: u64,
}

#[link(name = "qt")]
extern "C" {
    fn qt_array_create(seg: Handle, name: *const c_char,
                       spec: *const ArraySpec, err: *mut Err) -> c_int;
    fn qt_array_count(array: Handle) -> u64;
    fn qt_array_get(array: Handle, index: u64, count: u64, out: *mut c_void)
                    -> c_int;
    fn qt_array_put(array: Handle, index: u64, count: u64,
                    from: *const c_void) -> c_int;
    fn qt_queue_create(seg: Handle, name: *const c_char,
                       spec: *const QueueSpec, err: *mut Err) -> c_int;
    fn qt_queue_peek(queue: Handle, which: u64, out: *mut c_void, size: usize)
                     -> isize;
    fn qt_map_create(seg: Handle, name: *const c_char, spec: *const MapSpec,
                     err: *mut Err) -> c_int;
    fn qt_map_put(map: Handle, key: *const c_void, len: usize,
                  value: *const c_void, size: usize) -> c_int;
    fn qt_map_next(map: Handle, key: *mut c_void, key_len: *mut usize,
                   value: *mut c_void, size: usize, len: *mut usize) -> c_int;
    fn qt_map_key_max(map: Handle) -> u32;
    fn qt_mutex_open(seg: Handle, name: *const c_char, out: *mut Handle,
                     err: *mut Err) -> c_int;
    fn qt_mutex_create(seg: Handle, name: *const c_char, err: *mut Err)
                       -> c_int;
    fn qt_mutex_lock(mutex: Handle, deadline: u64) -> c_int;
    fn qt_mutex_unlock(mutex: Handle) -> c_int;
    fn qt_mutex_close(mutex: Handle);
    fn raise(signal: c_int) -> c_int;
    fn qt_strerror(code: c_int) -> *const c_char;
    fn qt_wait_deadline(timeout_ms: i64) -> u64;
    fn qt_seg_open(name: *const c_char, kind: *const c_char, flags: u32,
                   out: *mut Handle, err: *mut Err) -> c_int;
    fn qt_seg_close(seg: Handle);
    fn qt_queue_open(seg: Handle, name: *const c_char, dtype: *const c_char,
                     out: *mut Handle, err: *mut Err) -> c_int;
    fn qt_queue_close(queue: Handle);
    fn qt_queue_push(queue: Handle, item: *const c_void, len: usize,
                     deadline: u64) -> c_int;
    fn qt_queue_pop(queue: Handle, out: *mut c_void, size: usize,
                    deadline: u64) -> isize;
    fn qt_map_open(seg: Handle, name: *const c_char, key_dtype: *const c_char,
                   dtype: *const c_char, out: *mut Handle, err: *mut Err)
                   -> c_int;
    fn qt_map_close(map: Handle);
    fn qt_map_add(map: Handle, key: *const c_void, len: usize, n: i64,
                  sum: *mut i64) -> c_int;
    fn qt_array_open(seg: Handle, name: *const c_char, dtype: *const c_char,
                     out: *mut Handle, err: *mut Err) -> c_int;
    fn qt_array_close(array: Handle);
    fn qt_array_add(array: Handle, index: u64, n: i64, old: *mut i64) -> c_int;
}

fn fail(code: isize, what: &str) -> ! {
    let why = unsafe { CStr::from_ptr(qt_strerror(code as c_int)) };
    eprintln!("peer: {}: {}", what, why.to_string_lossy());
    process::exit(3)
}

fn check(code: isize, what: &str) -> isize {
    if code < 0 {
        fail(code, what)
    }
    code
}

/// What open(out, err) answers, or the end of the program.
fn opened<F: FnOnce(*mut Handle, *mut Err) -> c_int>(open: F) -> Handle {
    let mut err = Err { text: [0; 512] };
    let mut out = ptr::null_mut();
    let code = open(&mut out, &mut err);
    if code < 0 {
        let what = unsafe { CStr::from_ptr(err.text.as_ptr()) };
        fail(code as isize, &what.to_string_lossy())
    }
    out
}

fn text(s: &str) -> CString {
    CString::new(s).unwrap()
}

fn items(seg: Handle, verb: &str, count: i64) {
    let (name, dtype) = (text("q"), text(DTYPE));
    let q = opened(|out, err| unsafe {
        qt_queue_open(seg, name.as_ptr(), dtype.as_ptr(), out, err)
    });
    for i in 0..count {
        let until = unsafe { qt_wait_deadline(DEADLINE_MS) };
        let mut r = Record::default();
        let size = std::mem::size_of::<Record>();
        if verb == "push" {
            let s = format!("n{}", i);
            r.i = i;
            r.x = i as f64 * 0.5;
            r.s[..s.len()].copy_from_slice(s.as_bytes());
            let code = unsafe {
                qt_queue_push(q, &r as *const _ as *const c_void, size, until)
            };
            check(code as isize, "push");
        } else {
            check(unsafe {
                qt_queue_pop(q, &mut r as *mut _ as *mut c_void, size, until)
            }, "pop");
            let s = String::from_utf8_lossy(&r.s);
            println!("[{}, {}, \"{}\"]", r.i, r.x, s.trim_end_matches('\0'));
        }
    }
    unsafe { qt_queue_close(q) };
}

fn count_up(seg: Handle, count: i64) {
    let (m, a) = (text("m"), text("a"));
    let (i8, i4) = (text("<i8"), text("<i4"));
    let map = opened(|out, err| unsafe {
        qt_map_open(seg, m.as_ptr(), ptr::null(), i8.as_ptr(), out, err)
    });
    let array = opened(|out, err| unsafe {
        qt_array_open(seg, a.as_ptr(), i4.as_ptr(), out, err)
    });
    let key = b"hits";
    for _ in 0..count {
        check(unsafe {
            qt_map_add(map, key.as_ptr() as *const c_void, key.len(), 1,
                       ptr::null_mut())
        } as isize, "map");
        check(unsafe { qt_array_add(array, 1, 2, ptr::null_mut()) } as isize,
              "array");
    }
    unsafe {
        qt_array_close(array);
        qt_map_close(map)
    };
}

/// One of each structure that this knows, for the others to read.
fn write_all(seg: Handle) {
    let (i4, i8) = (text("<i4"), text("<i8"));
    let made = |code: c_int, err: &Err| {
        if code < 0 {
            let what = unsafe { CStr::from_ptr(err.text.as_ptr()) };
            fail(code as isize, &what.to_string_lossy())
        }
    };
    let mut err = Err { text: [0; 512] };
    let (array, queue, map) = (text("array"), text("queue"), text("map"));
    let spec = ArraySpec { dtype: i4.as_ptr(), shape: [4, 0, 0, 0] };
    let code = unsafe {
        qt_array_create(seg, array.as_ptr(), &spec, &mut err)
    };
    made(code, &err);
    let h = opened(|out, err| unsafe {
        qt_array_open(seg, array.as_ptr(), i4.as_ptr(), out, err)
    });
    let four: [i32; 4] = [1, -2, 3, 4];
    check(unsafe { qt_array_put(h, 0, 4, four.as_ptr() as *const c_void) }
          as isize, "array");
    unsafe { qt_array_close(h) };
    let spec = QueueSpec { dtype: i8.as_ptr(), capacity: 8, item_max: 0,
                           flags: 0, loans: 0 };
    let code = unsafe {
        qt_queue_create(seg, queue.as_ptr(), &spec, &mut err)
    };
    made(code, &err);
    let h = opened(|out, err| unsafe {
        qt_queue_open(seg, queue.as_ptr(), i8.as_ptr(), out, err)
    });
    for i in [10i64, 20, 30] {
        check(unsafe {
            qt_queue_push(h, &i as *const _ as *const c_void, 8, 0)
        } as isize, "queue");
    }
    unsafe { qt_queue_close(h) };
    let spec = MapSpec { key_dtype: ptr::null(), dtype: i8.as_ptr(),
                         key_max: 16, value_max: 0, capacity: 8 };
    made(unsafe { qt_map_create(seg, map.as_ptr(), &spec, &mut err) }, &err);
    let h = opened(|out, err| unsafe {
        qt_map_open(seg, map.as_ptr(), ptr::null(), i8.as_ptr(), out, err)
    });
    for (key, value) in [("a", 1i64), ("b", 2)] {
        check(unsafe {
            qt_map_put(h, key.as_ptr() as *const c_void, key.len(),
                       &value as *const _ as *const c_void, 8)
        } as isize, "map");
    }
    unsafe { qt_map_close(h) };
    let code = unsafe {
        qt_mutex_create(seg, text("mutex").as_ptr(), &mut err)
    };
    made(code, &err);
}

fn read_all(seg: Handle) {
    let (i4, i8) = (text("<i4"), text("<i8"));
    let h = opened(|out, err| unsafe {
        qt_array_open(seg, text("array").as_ptr(), i4.as_ptr(), out, err)
    });
    print!("array");
    for i in 0..unsafe { qt_array_count(h) } {
        let mut v = 0i32;
        check(unsafe {
            qt_array_get(h, i, 1, &mut v as *mut _ as *mut c_void)
        } as isize, "array");
        print!(" {}", v);
    }
    unsafe { qt_array_close(h) };
    let h = opened(|out, err| unsafe {
        qt_map_open(seg, text("map").as_ptr(), ptr::null(), i8.as_ptr(), out,
                    err)
    });
    let mut key = vec![0u8; unsafe { qt_map_key_max(h) } as usize];
    let (mut key_len, mut v, mut len) = (0usize, 0i64, 0usize);
    let mut all = Vec::new();
    while check(unsafe {
        qt_map_next(h, key.as_mut_ptr() as *mut c_void, &mut key_len,
                    &mut v as *mut _ as *mut c_void, 8, &mut len)
    } as isize, "map") == 1 {
        all.push(format!(" {}={}", String::from_utf8_lossy(&key[..key_len]),
                         v));
    }
    unsafe { qt_map_close(h) };
    all.sort();
    println!("\nmap{}", all.concat());
    let h = mutex(seg);
    let stale = check(unsafe {
        qt_mutex_lock(h, qt_wait_deadline(DEADLINE_MS))
    } as isize, "mutex") == 1;
    println!("mutex {}", if stale { "stale" } else { "free" });
    unsafe {
        qt_mutex_unlock(h);
        qt_mutex_close(h)
    };
    let h = opened(|out, err| unsafe {
        qt_queue_open(seg, text("queue").as_ptr(), i8.as_ptr(), out, err)
    });
    print!("queue");
    let mut which = 0;
    while unsafe {
        qt_queue_peek(h, which, &mut v as *mut _ as *mut c_void, 8)
    } > 0 {
        print!(" {}", v);
        which += 1;
    }
    println!();
    unsafe { qt_queue_close(h) };
}

fn mutex(seg: Handle) -> Handle {
    opened(|out, err| unsafe {
        qt_mutex_open(seg, text("mutex").as_ptr(), out, err)
    })
}

/// Takes the mutex, and dies.
fn die(seg: Handle) {
    let h = mutex(seg);
    check(unsafe { qt_mutex_lock(h, qt_wait_deadline(DEADLINE_MS)) } as isize,
          "mutex");
    unsafe { raise(9) };
}

fn main() {
    let args: Vec<String> = env::args().collect();
    let name = text(&args[2]);
    let count: i64 = args.get(3).map_or(0, |n| n.parse().unwrap());
    let seg = opened(|out, err| unsafe {
        qt_seg_open(name.as_ptr(), ptr::null(), QT_SEG_JOIN, out, err)
    });
    match args[1].as_str() {
        "write" => write_all(seg),
        "read" => read_all(seg),
        "die" => die(seg),
        "count" => count_up(seg, count),
        verb => items(seg, verb, count),
    }
    unsafe { qt_seg_close(seg) };
}

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

#[link(name = "qt")]
extern "C" {
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

fn main() {
    let args: Vec<String> = env::args().collect();
    let name = text(&args[2]);
    let count: i64 = args[3].parse().unwrap();
    let seg = opened(|out, err| unsafe {
        qt_seg_open(name.as_ptr(), ptr::null(), QT_SEG_JOIN, out, err)
    });
    match args[1].as_str() {
        "count" => count_up(seg, count),
        verb => items(seg, verb, count),
    }
    unsafe { qt_seg_close(seg) };
}

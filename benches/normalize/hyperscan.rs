//! Hyperscan, when its library is installed: found while running, so that nothing is linked.
#![expect(unsafe_code, reason = "the library has a C interface")]

use std::ffi::{CStr, c_char, c_int, c_uint, c_ulonglong, c_void};

type Callback = extern "C" fn(c_uint, c_ulonglong, c_ulonglong, c_uint, *mut c_void) -> c_int;
type CompileLiterals = unsafe extern "C" fn(
    *const *const c_char,
    *const c_uint,
    *const c_uint,
    *const usize,
    c_uint,
    c_uint,
    *const c_void,
    *mut *mut c_void,
    *mut *mut c_void,
) -> c_int;
type AllocScratch = unsafe extern "C" fn(*const c_void, *mut *mut c_void) -> c_int;
type Scan = unsafe extern "C" fn(
    *const c_void,
    *const c_char,
    c_uint,
    c_uint,
    *mut c_void,
    Callback,
    *mut c_void,
) -> c_int;

unsafe extern "C" {
    fn dlopen(name: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

const LAZY: c_int = 1;
const BLOCK_MODE: c_uint = 1;

/// Compiled literals; freed with the process.
pub struct Database {
    scan: Scan,
    database: *mut c_void,
    scratch: *mut c_void,
}

impl Database {
    /// Compiles the literals, or says why not.
    pub fn new(literals: &[String]) -> Result<Self, &'static str> {
        let names = [c"libhs.so.5", c"libhs.so"];
        // SAFETY: dlopen takes a C string and a flag; a missing library gives null.
        let opened = names.into_iter().map(|name| unsafe { dlopen(name.as_ptr(), LAZY) });
        let library = opened.into_iter().find(|library| !library.is_null()).ok_or("not installed")?;
        let symbol = |name: &CStr| {
            // SAFETY: the library is open and the name is a C string.
            let symbol = unsafe { dlsym(library, name.as_ptr()) };
            if symbol.is_null() { Err("the library lacks a function") } else { Ok(symbol) }
        };
        // SAFETY: these are the types of the functions in hs_compile.h and hs_runtime.h, version 5.
        let (compile, alloc, scan) = unsafe {
            (
                std::mem::transmute::<*mut c_void, CompileLiterals>(symbol(c"hs_compile_lit_multi")?),
                std::mem::transmute::<*mut c_void, AllocScratch>(symbol(c"hs_alloc_scratch")?),
                std::mem::transmute::<*mut c_void, Scan>(symbol(c"hs_scan")?),
            )
        };
        let texts: Vec<*const c_char> = literals.iter().map(|literal| literal.as_ptr().cast()).collect();
        let lengths: Vec<usize> = literals.iter().map(String::len).collect();
        let flags = vec![0; literals.len()];
        let ids: Vec<c_uint> = (0..literals.len() as c_uint).collect();
        let (mut database, mut error, mut scratch) =
            (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: the four arrays have as many entries as literals, and lengths tell where each ends.
        let status = unsafe {
            compile(
                texts.as_ptr(),
                flags.as_ptr(),
                ids.as_ptr(),
                lengths.as_ptr(),
                literals.len() as c_uint,
                BLOCK_MODE,
                std::ptr::null(),
                &raw mut database,
                &raw mut error,
            )
        };
        if status != 0 {
            return Err("the literals do not compile");
        }
        // SAFETY: the database was compiled above.
        if unsafe { alloc(database, &raw mut scratch) } != 0 {
            return Err("no working space");
        }
        Ok(Self { scan, database, scratch })
    }

    /// Calls `found` with literal and end of every match.
    pub fn scan(&self, text: &str, mut found: impl FnMut(usize, usize)) {
        extern "C" fn on_match<F: FnMut(usize, usize)>(
            id: c_uint,
            _: c_ulonglong,
            end: c_ulonglong,
            _: c_uint,
            context: *mut c_void,
        ) -> c_int {
            // SAFETY: the context is the closure given to hs_scan below, which outlives the call.
            let found = unsafe { &mut *context.cast::<F>() };
            found(id as usize, end as usize);
            0
        }
        fn callback_of<F: FnMut(usize, usize)>(_: &F) -> Callback {
            on_match::<F>
        }
        let callback = callback_of(&found);
        // SAFETY: text is valid for its length, database and scratch belong together, one thread uses them.
        unsafe {
            (self.scan)(
                self.database,
                text.as_ptr().cast(),
                text.len() as c_uint,
                0,
                self.scratch,
                callback,
                (&raw mut found).cast(),
            );
        }
    }
}

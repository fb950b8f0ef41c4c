//! Gives the shared library its versioned name, which cargo alone does not, and keeps it loaded.

use std::env::var;

fn main() {
    // The ABI's own number. It is raised when a program linked to an older library would break.
    let abi = 0;
    match var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libkinde_migrate.{abi}.dylib");
        }
        Ok("windows") => {}
        _ => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libkinde_migrate.so.{abi}");
            // PHP unloads its extensions before it ends. A thread of ours must not find its code gone then.
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        }
    }
    println!("cargo:rerun-if-changed=build.rs");
}

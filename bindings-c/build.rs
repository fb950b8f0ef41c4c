//! Gives the shared library its versioned name, which cargo alone does not.

use std::env::var;

fn main() {
    // The ABI's own number. It is raised when a program linked to an older library would break.
    let abi = 0;
    match var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libkinde_migrate.{abi}.dylib");
        }
        Ok("windows") => {}
        _ => println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libkinde_migrate.so.{abi}"),
    }
    println!("cargo:rerun-if-changed=build.rs");
}

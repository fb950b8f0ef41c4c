//! Tells the linker that Node itself brings the symbols of Node-API.

fn main() {
    napi_build::setup();
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // A worker that ends unloads its addons. A thread of ours must not find its code gone then.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}

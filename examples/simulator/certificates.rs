//! Certificates of the configuration: roots by use in `cert_dir/ca`, the charge point's own in
//! `cert_dir/client`.

use std::path::{Path, PathBuf};

use evcp::TlsOptions;
use serde_json::Value;

/// Roots for the central system are named one by one, as PEM texts or files, or lie below `cert_dir/ca`.
pub fn tls(security: &Value) -> Result<TlsOptions, String> {
    let mut tls = TlsOptions::default();
    for root in security["central_system_roots"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let root = root
            .as_str()
            .ok_or("central_system_roots must be strings")?;
        if root.contains("-----BEGIN") {
            tls.roots_pem.extend_from_slice(root.as_bytes());
        } else {
            tls.roots_pem.extend(read(Path::new(root))?);
        }
        tls.roots_pem.push(b'\n');
    }
    let Some(directory) = security["cert_dir"].as_str().map(PathBuf::from) else {
        return Ok(tls);
    };
    let mut folders = vec![directory.join("ca")];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if is_for_others(&path) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                tls.roots_pem.extend(read(&path)?);
                tls.roots_pem.push(b'\n');
            }
        }
    }
    let files = entries(&directory.join("client"));
    for path in files.iter().filter(|path| path.is_file()) {
        let pem = read(path)?;
        let text = String::from_utf8_lossy(&pem);
        if text.contains("PRIVATE KEY") {
            tls.client_key_pem.extend_from_slice(&pem);
        }
        if text.contains("BEGIN CERTIFICATE") {
            tls.client_chain_pem.extend_from_slice(&pem);
        }
    }
    Ok(tls)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|why| format!("{}: {why}", path.display()))
}

/// What is in a folder, in the order of names; nothing if there is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let found = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = found.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Whether a folder or a file below `ca/` says with its name that it is for something else than the central
/// system: `ManufacturerRootCertificate`, `mf`, `v2g`. Who signs firmware must not speak for a central system.
fn is_for_others(path: &Path) -> bool {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_lowercase();
    let named = ["manufacturer", "firmware", "v2g", "moroot"];
    let words = ["mf", "mfr", "mo", "oem"];
    named.iter().any(|part| name.contains(part))
        || name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| words.contains(&word))
}

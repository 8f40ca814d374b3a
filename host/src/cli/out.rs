//! Stdout: data, a line at a time.

use std::fmt::Display;
use std::io::Write;

/// Prints a line; colours only where a terminal shows them.
pub fn line(text: impl Display) {
    // Whoever closes the pipe (`| head`) has seen enough: that ends the command, and is no error.
    if writeln!(anstream::stdout(), "{text}").is_err() {
        std::process::exit(0);
    }
}

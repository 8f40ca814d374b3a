//! Small scripts: facts in, one a line; acts out, as text. Each says what becomes of one row of the specification.

mod script {
    pub mod stage;
    mod ends;
    mod folder;
    mod lives;
    mod loads;
    mod requests;
    mod switches;
    mod turns_back;
}

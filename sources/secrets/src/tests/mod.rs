mod golden;
mod hostile;
mod keys;
mod objects;
mod random;
mod tampering;

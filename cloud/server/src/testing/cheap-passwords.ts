import { passwordCost } from '@jidoka/base'

// Imported before anything that hashes: a test that signs somebody in waits for the hash twice, which is half of what it does. What is
// hashed and compared is the same, and how much a real hash costs is tested where it is made.
Object.assign(passwordCost, { N: 1_024 })

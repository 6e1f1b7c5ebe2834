//! The Jira tracker: conversion of recorded answers, and the client against a small real server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has to stop")]

mod convert;
mod errors;
mod fake;
mod pages;
mod webhook;

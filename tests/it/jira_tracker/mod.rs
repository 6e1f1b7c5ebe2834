//! The Jira tracker: conversion of recorded answers, and the client against a small real server.

mod convert;
mod errors;
mod fake;
mod pages;
mod webhook;

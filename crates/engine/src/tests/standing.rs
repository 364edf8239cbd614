//! What a key borrows from others (roles, its owner's standing, enabled APIs) holds no longer than theirs does.

use std::collections::HashMap;
use std::sync::atomic::Ordering::SeqCst;

use domain::access::{Directory, Standing};
use domain::decide::Code;
use domain::id::{AccountId, RoleId};
use domain::key::Owner;
use domain::secret::Scheme;
use domain::token::Token;
use store::Change;
use uuid::Uuid;

use super::{OPEN, World, found, organisation, token};
use crate::Question;

fn role() -> RoleId {
    RoleId::from_uuid(Uuid::from_u128(0x0107))
}

fn account() -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(0x0acc))
}

fn directory(pattern: &str) -> Directory {
    let standing = Standing {
        name: "Clerk".to_owned(),
        grants: [pattern.parse().unwrap()].into_iter().collect(),
        available: true,
        level: false,
    };
    Directory {
        roles: HashMap::from([(role(), standing)]),
        ..Directory::default()
    }
}

impl World {
    /// A key of an account that is a clerk.
    fn clerk(&self) -> Token {
        *self.store.directory.lock() = directory("orders:*");
        let token = token();
        let digest = self.keyring.digest(&token.as_presented());
        let pepper = self.keyring.current_pepper();
        let mut found = found(1, digest, Scheme::Hmac { pepper });
        found.owner = Owner::ServiceAccount(account());
        found.owner_roles = vec![role()];
        self.put(found);
        token
    }

    async fn may_view_orders(&self, token: &Token) -> Code {
        let question = Question {
            requires: Some("orders:view"),
            ..Question::default()
        };
        let told = self.engine.verify(token.expose().as_bytes(), &question).await;
        told.unwrap().code
    }
}

#[tokio::test]
async fn a_role_that_is_narrowed_narrows_every_key_that_leans_on_it() {
    let world = World::new(OPEN).await;
    let token = world.clerk();
    assert_eq!(world.may_view_orders(&token).await, Code::Valid);
    *world.store.directory.lock() = directory("orders:list");
    let seq = world.change(Change::Organisation(organisation()));
    world.engine.barrier(seq).await.unwrap();
    assert_eq!(world.may_view_orders(&token).await, Code::InsufficientPermissions);
}

#[tokio::test]
async fn a_role_that_changes_while_a_fill_reads_it_is_read_again() {
    let world = World::new(0).await;
    let token = world.clerk();
    let early = world.ask_beside(&token);
    world.until_asked(1).await;
    // The key was read; its organisation's roles are read next, and held back.
    world.store.gate.add_permits(1);
    while world.store.looked_up.load(SeqCst) < 1 {
        tokio::task::yield_now().await;
    }
    *world.store.directory.lock() = directory("orders:list");
    let seq = world.change(Change::Organisation(organisation()));
    world.engine.barrier(seq).await.unwrap();
    world.store.gate.add_permits(OPEN);
    early.await.unwrap().unwrap();
    assert_eq!(world.may_view_orders(&token).await, Code::InsufficientPermissions);
}

#[tokio::test]
async fn an_owner_who_becomes_inactive_stops_all_their_keys_and_nobody_elses() {
    let world = World::new(OPEN).await;
    let (theirs, other) = (world.clerk(), world.key(2));
    assert_eq!(world.ask(&theirs).await, Code::Valid);
    assert_eq!(world.ask(&other).await, Code::Valid);
    for found in world.store.rows.lock().values_mut() {
        found.owner_active &= found.owner != Owner::ServiceAccount(account());
    }
    let seq = world.change(Change::Owner(organisation(), account().uuid()));
    world.engine.barrier(seq).await.unwrap();
    let asked = world.asked();
    assert_eq!(world.ask(&theirs).await, Code::AccountInactive);
    assert_eq!(world.ask(&other).await, Code::Valid);
    assert_eq!(world.asked(), asked + 1, "the other key is cached still");
}

#[tokio::test]
async fn roles_are_read_once_for_all_keys_of_an_organisation() {
    let world = World::new(OPEN).await;
    for number in 10..20 {
        let token = world.key(number);
        assert_eq!(world.ask(&token).await, Code::Valid);
        let seq = world.change(Change::Key(organisation(), super::key_id(number)));
        world.engine.barrier(seq).await.unwrap();
        assert_eq!(world.ask(&token).await, Code::Valid);
    }
    assert_eq!(world.store.looked_up.load(SeqCst), 1);
}

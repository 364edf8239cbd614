//! People, sessions, links and codes, on both engines: who is found, what is good once, and what a tenant never sees.

use std::time::Duration;

use domain::clock::{Clock as _, SystemClock, SystemRandom, Timestamp};
use domain::id::{OrganisationId, SessionId, UserId};
use domain::page::Cursor;
use domain::role::Builtin;
use domain::user::{Method, User, UserStatus};
use store::StoreError;
use store::sessions::{Link, Purpose, Session};
use store::testkit::{sample_actor, stores};
use store::users::{UserQuery, UserSort};

fn user(organisation: OrganisationId, name: &str) -> User {
    User {
        id: UserId::fresh(&SystemClock, &SystemRandom),
        organisation,
        email: format!("{name}@Sample.example"),
        name: name.to_owned(),
        status: UserStatus::Active,
        operator: false,
        roles: vec![Builtin::Owner.id()],
        has_password: false,
        has_second_factor: false,
        created_at: SystemClock.now(),
        created_by: sample_actor("Ann"),
        last_sign_in_at: None,
        version: 1,
    }
}

fn session(user: &User, now: Timestamp) -> Session {
    Session {
        id: SessionId::fresh(&SystemClock, &SystemRandom),
        organisation: user.organisation,
        user: user.id,
        created_at: now,
        seen_at: now,
        ends_at: now.plus(Duration::from_secs(600)),
        proven_at: now,
        method: Method::Password,
        ip: Some("192.0.2.1".to_owned()),
        agent: "a browser".to_owned(),
    }
}

#[tokio::test]
async fn an_address_is_unique_in_its_organisation_whatever_the_case() {
    for store in stores().await {
        let other = store.add_organisation("other").await;
        let ann = user(store.organisation, "Ann");
        let same = User {
            email: "ANN@sample.EXAMPLE".to_owned(),
            ..user(store.organisation, "Anna")
        };
        let elsewhere = User {
            organisation: other,
            ..user(other, "Ann")
        };
        store
            .change({
                let (ann, elsewhere) = (ann.clone(), elsewhere.clone());
                async move |tx| {
                    tx.insert_user(&ann).await?;
                    tx.insert_user(&elsewhere).await
                }
            })
            .await;
        let refused = store
            .store
            .write(async move |tx| tx.insert_user(&same).await)
            .await;
        assert!(matches!(refused, Err(StoreError::Conflict { .. })));
        assert_eq!(
            store.user(store.organisation, ann.id).await.expect("a read"),
            Some(ann.clone())
        );
        assert_eq!(
            store.user(other, ann.id).await.expect("a read"),
            None,
            "another tenant's"
        );
        let found = store
            .people_of_address("ann@SAMPLE.example", None)
            .await
            .expect("a read");
        assert_eq!(found.len(), 2);
        let found = store
            .people_of_address("ann@SAMPLE.example", Some("other"))
            .await
            .expect("a read");
        assert_eq!(
            found.iter().map(|p| p.user.id).collect::<Vec<_>>(),
            [elsewhere.id]
        );
        for nobody in ["", "ann", "a\0b", "%"] {
            assert!(
                store
                    .people_of_address(nobody, None)
                    .await
                    .expect("a read")
                    .is_empty()
            );
        }
    }
}

#[tokio::test]
async fn a_code_a_link_and_a_recovery_code_are_taken_once() {
    for store in stores().await {
        let ann = user(store.organisation, "Ann");
        let (id, organisation) = (ann.id, store.organisation);
        let now = SystemClock.now();
        store
            .change(async move |tx| {
                tx.insert_user(&ann).await?;
                tx.set_recovery_codes(id, &[[1; 32], [2; 32]]).await?;
                let link = |purpose, ends_at| Link {
                    organisation,
                    user: id,
                    purpose,
                    ends_at,
                };
                tx.insert_user_link(
                    [8; 32],
                    &link(Purpose::Invitation, now.plus(Duration::from_secs(60))),
                )
                .await?;
                tx.insert_user_link(
                    [9; 32],
                    &link(Purpose::Recovery, now.plus(Duration::from_secs(60))),
                )
                .await
            })
            .await;
        let taken = store
            .change(async move |tx| {
                Ok((
                    [
                        tx.take_totp_step(organisation, id, 5).await?,
                        tx.take_totp_step(organisation, id, 5).await?,
                        tx.take_totp_step(organisation, id, 4).await?,
                        tx.take_totp_step(organisation, id, 6).await?,
                    ],
                    [
                        tx.take_recovery_code(id, [1; 32]).await?,
                        tx.take_recovery_code(id, [1; 32]).await?,
                        tx.take_recovery_code(id, [3; 32]).await?,
                    ],
                    [
                        tx.take_user_link([8; 32]).await?.is_some(),
                        tx.take_user_link([9; 32])
                            .await?
                            .is_some_and(|link| link.purpose == Purpose::Recovery),
                        tx.take_user_link([9; 32]).await?.is_some(),
                    ],
                ))
            })
            .await;
        assert_eq!(taken.0, [true, false, false, true]);
        assert_eq!(taken.1, [true, false, false]);
        assert_eq!(
            taken.2,
            [false, true, false],
            "a younger link takes the place of an older one"
        );
        assert_eq!(
            store
                .count_recovery_codes(organisation, id)
                .await
                .expect("a read"),
            1
        );
    }
}

#[tokio::test]
async fn a_session_is_good_while_it_is_young_used_and_its_owner_is_active() {
    for store in stores().await {
        let mut ann = user(store.organisation, "Ann");
        let (id, organisation) = (ann.id, store.organisation);
        let now = SystemClock.now();
        let opened = session(&ann, now);
        let sid = opened.id;
        store
            .change({
                let (ann, opened) = (ann.clone(), opened.clone());
                async move |tx| {
                    tx.insert_user(&ann).await?;
                    tx.insert_session([7; 32], &opened).await
                }
            })
            .await;
        let minute = Duration::from_secs(60);
        let good = async |digest: u8, now: Timestamp, idle: Timestamp| {
            store
                .session([digest; 32], now, idle)
                .await
                .expect("a read")
                .map(|(session, _)| session.id)
        };
        assert_eq!(good(7, now, now.minus(minute)).await, Some(sid));
        assert_eq!(good(8, now, now.minus(minute)).await, None, "another token");
        assert_eq!(good(7, opened.ends_at, now.minus(minute)).await, None, "over");
        assert_eq!(good(7, now, now).await, None, "idle");
        let proven = store
            .change(async move |tx| {
                tx.prove_session(organisation, sid, [9; 32], Method::Totp, now.plus(minute))
                    .await
            })
            .await;
        assert!(proven);
        assert_eq!(good(7, now, now.minus(minute)).await, None, "the old token");
        assert_eq!(good(9, now, now.minus(minute)).await, Some(sid));
        ann = store
            .change(async move |tx| {
                ann.status = UserStatus::Disabled;
                tx.update_user(&mut ann).await?;
                Ok(ann)
            })
            .await;
        assert_eq!(good(9, now, now.minus(minute)).await, None, "disabled");
        let ended = store
            .change(async move |tx| {
                ann.status = UserStatus::Active;
                tx.update_user(&mut ann).await?;
                let others = tx.end_sessions(organisation, id, Some(sid)).await?;
                let strangers = tx
                    .end_session(organisation, UserId::fresh(&SystemClock, &SystemRandom), sid)
                    .await?;
                Ok((others, strangers, tx.end_session(organisation, id, sid).await?))
            })
            .await;
        assert_eq!(ended, (0, false, true));
        assert_eq!(good(9, now, now.minus(minute)).await, None);
    }
}

#[tokio::test]
async fn what_is_over_is_forgotten_and_the_oldest_make_room() {
    for store in stores().await {
        let ann = user(store.organisation, "Ann");
        let (id, organisation) = (ann.id, store.organisation);
        let now = SystemClock.now();
        let second = Duration::from_secs(1);
        let mut sessions: Vec<Session> = (0..5)
            .map(|n| Session {
                created_at: now.minus(second * (5 - n)),
                ..session(&ann, now)
            })
            .collect();
        sessions[3].ends_at = now.minus(second);
        sessions[4].seen_at = now.minus(second * 100);
        let ids: Vec<SessionId> = sessions.iter().map(|one| one.id).collect();
        store
            .change(async move |tx| {
                tx.insert_user(&ann).await?;
                for (n, one) in sessions.iter().enumerate() {
                    tx.insert_session([n as u8; 32], one).await?;
                }
                let link = |purpose| Link {
                    organisation,
                    user: id,
                    purpose,
                    ends_at: now.minus(second),
                };
                tx.insert_user_link([8; 32], &link(Purpose::Recovery)).await?;
                tx.forget_sessions(now.minus(second * 60)).await
            })
            .await;
        let left = async || {
            let all = store
                .sessions_of(organisation, id, Timestamp::default(), Timestamp::default())
                .await;
            all.expect("a read")
                .into_iter()
                .map(|one| one.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(left().await, [ids[2], ids[1], ids[0]], "youngest first");
        assert_eq!(
            store
                .user_link([8; 32], Timestamp::default())
                .await
                .expect("a read"),
            None
        );
        store
            .change(async move |tx| tx.trim_sessions(organisation, id, 2).await)
            .await;
        assert_eq!(left().await, [ids[2], ids[1]]);
    }
}

#[tokio::test]
async fn a_person_who_goes_takes_along_what_let_them_in() {
    for store in stores().await {
        let (ann, bob) = (user(store.organisation, "Ann"), user(store.organisation, "Bob"));
        let (id, organisation) = (ann.id, store.organisation);
        let now = SystemClock.now();
        let opened = session(&ann, now);
        let owners = store
            .change(async move |tx| {
                tx.insert_user(&ann).await?;
                tx.insert_user(&bob).await?;
                tx.insert_session([7; 32], &opened).await?;
                tx.set_recovery_codes(id, &[[1; 32]]).await?;
                let before = tx.owners_beside(organisation, bob.id).await?;
                tx.delete_user(organisation, id).await?;
                Ok((before, tx.owners_beside(organisation, bob.id).await?))
            })
            .await;
        assert_eq!(owners, (1, 0));
        assert_eq!(
            store
                .session([7; 32], now, now.minus(Duration::from_secs(9)))
                .await
                .expect("a read"),
            None
        );
        assert_eq!(
            store
                .count_recovery_codes(organisation, id)
                .await
                .expect("a read"),
            0
        );
    }
}

#[tokio::test]
async fn a_list_pages_in_every_order_without_gaps_and_finds_by_words() {
    for store in stores().await {
        let organisation = store.organisation;
        let names = ["Ben", "ann", "Çelik", "50%_off", "Dora", "Ann"];
        store
            .change(async move |tx| {
                for (i, name) in names.iter().enumerate() {
                    let email = format!("u{i}@sample.example");
                    let status = if i % 2 == 0 {
                        UserStatus::Active
                    } else {
                        UserStatus::Invited
                    };
                    let one = User {
                        email,
                        status,
                        ..user(organisation, name)
                    };
                    tx.insert_user(&one).await?;
                }
                Ok(())
            })
            .await;
        for (_, sort) in UserSort::ALL {
            for descending in [false, true] {
                let mut seen = Vec::new();
                let mut after = None;
                loop {
                    let query = UserQuery {
                        sort,
                        descending,
                        limit: 2,
                        after,
                        ..UserQuery::default()
                    };
                    let page = store.users(organisation, query, "users").await.expect("a page");
                    seen.extend(page.items.into_iter().map(|user| user.email));
                    let Some(next) = page.next_cursor else { break };
                    after = Some(Cursor::decode(&next, "users").expect("a cursor"));
                }
                let count = seen.len();
                seen.sort();
                seen.dedup();
                assert_eq!((count, seen.len()), (6, 6), "{sort:?} {descending}");
            }
        }
        let find = async |q: &str, status: &[UserStatus]| {
            let query = UserQuery {
                q: Some(q.to_owned()),
                status: status.to_vec(),
                limit: 9,
                sort: UserSort::Name,
                ..UserQuery::default()
            };
            let page = store.users(organisation, query, "users").await.expect("a page");
            page.items.into_iter().map(|user| user.name).collect::<Vec<_>>()
        };
        assert_eq!(find("ANN", &[]).await, ["ann", "Ann"]);
        assert_eq!(find("%_", &[]).await, ["50%_off"]);
        assert_eq!(find("sample u4", &[]).await, ["Dora"]);
        assert_eq!(find("", &[UserStatus::Invited]).await.len(), 3);
        let other = store.add_organisation("other").await;
        let query = UserQuery {
            limit: 9,
            ..UserQuery::default()
        };
        assert!(
            store
                .users(other, query, "users")
                .await
                .expect("a page")
                .items
                .is_empty()
        );
    }
}

//! Making an organisation.

use domain::id::OrganisationId;
use domain::input;
use domain::organisation::{Organisation, OrganisationStatus, check_slug, slugs_of};
use domain::policy::Policy;
use serde_json::json;
use store::organisations::Tenant;

use super::target;
use crate::error::{AppError, Result};
use crate::policy::Founding;
use crate::{App, Caller};

/// What an organisation is made of.
#[derive(Debug, Default)]
pub struct CreateOrganisation {
    /// What people call it.
    pub name: String,
    /// What names it in headers and on the command line; made from the name when it is not given.
    pub slug: Option<String>,
    /// The preset that its policy begins with; the default one when none is named.
    pub preset: Option<String>,
}

impl App {
    /// Makes an organisation with the policy, roles and APIs of a preset. It has no keys and nobody in it yet.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing was made.
    #[tracing::instrument(level = "debug", name = "app.organisation.create_organisation", skip_all)]
    pub async fn create_organisation(
        &self,
        caller: &Caller,
        request: CreateOrganisation,
    ) -> Result<Organisation> {
        caller.require_operator()?;
        let mut faults = Vec::new();
        let name = input::name("name", &request.name, &mut faults);
        if let Some(slug) = &request.slug {
            check_slug("slug", slug, &mut faults);
        }
        let founding = Founding::new(self, request.preset.as_deref());
        let founding = match founding {
            Ok(founding) if faults.is_empty() => founding,
            Ok(_) => return Err(faults.into()),
            Err(AppError::Invalid(more)) => {
                faults.extend(more);
                return Err(faults.into());
            }
            Err(other) => return Err(other),
        };
        let id = OrganisationId::fresh(self.clock(), self.random());
        let caller = caller.clone();
        let written = self
            .write(async move |tx| {
                let slug = match request.slug {
                    Some(slug) if tx.has_slug(&slug).await? => {
                        let detail = "another organisation has this slug";
                        return Err(AppError::conflict("slug_taken", detail));
                    }
                    Some(slug) => slug,
                    None => {
                        let mut tried = slugs_of(&name);
                        loop {
                            let Some(slug) = tried.next() else {
                                return Err(AppError::internal("no slug is free"));
                            };
                            if !tx.has_slug(&slug).await? {
                                break slug;
                            }
                        }
                    }
                };
                let organisation = Organisation {
                    id,
                    slug,
                    name,
                    status: OrganisationStatus::Active,
                    rate_limits: Vec::new(),
                    created_at: tx.now(),
                    version: 1,
                };
                let tenant = Tenant {
                    organisation,
                    policy: Policy::default(),
                };
                tx.insert_organisation(&tenant).await?;
                let organisation = tenant.organisation.clone();
                let changes =
                    json!({"slug": {"after": organisation.slug}, "name": {"after": organisation.name}});
                tx.record(
                    id,
                    caller.event(tx.now(), "organisation.create", target(&organisation), changes),
                );
                founding.lay(tx, &caller, &tenant).await?;
                Ok(organisation)
            })
            .await?;
        Ok(written.value)
    }
}

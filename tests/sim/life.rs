//! The life of one world: runs one after the other and side by side, some of them killed, with hours between them; then, while nobody else
//! acts, runs that nothing disturbs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use thanos_bucket::plan::Existing;
use tokio::time::sleep;

use crate::blocks::HOUR_MS;
use crate::log::Told;
use crate::migrator::{Circumstances, longest_ms, run};
use crate::world::{Story, World};

/// What went wrong with this seed, and everything that happened.
pub(crate) fn simulate(seed: u64, telling: Story) -> (Option<String>, Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = Arc::new(Mutex::new(World::new(seed, telling)));
        let _told = (telling == Story::Told).then(|| Told::of(&world));
        Box::pin(disturbed(&world)).await;
        undisturbed(&world).await;
        let mut world = world.lock().unwrap();
        (world.violation.take(), std::mem::take(&mut world.story))
    })
}

async fn disturbed(world: &Arc<Mutex<World>>) {
    for _ in 0..3 {
        let (one, other, together, aside, hours) = {
            let mut world = world.lock().unwrap();
            let one = Circumstances::any(&mut world);
            let other = Circumstances::any(&mut world);
            // Where listings lag, or meta.json is replaced, one run may take away what the other has proven.
            let keeps = world.nature.existing == Existing::Keep && world.nature.lag_ms == 0;
            let together = world.rng.once_in(3) && keeps;
            let aside = Aside::any(&mut world);
            let hours = if world.rng.once_in(3) {
                0
            } else {
                world.rng.below(70)
            };
            (one, other, together, aside, hours)
        };
        let migrations = Box::pin(async {
            if together {
                futures::join!(run(world, one), run(world, other));
            } else {
                run(world, one).await;
            }
        });
        match aside {
            Aside::Nobody => migrations.await,
            Aside::Beside(after, another) => {
                let beside = async {
                    sleep(after).await;
                    run(world, another).await;
                };
                futures::join!(migrations, beside);
            }
            Aside::Afterwards(another) => {
                migrations.await;
                run(world, another).await;
            }
        }
        restart(world);
        let mut world = world.lock().unwrap();
        if hours > 0 {
            // Nobody pauses for hours in the middle of an upload.
            world.finish_steps();
            world.skip_ms(i64::try_from(hours).unwrap() * HOUR_MS);
        }
    }
    // One more that nothing goes wrong with, while others act.
    let calm = {
        let mut world = world.lock().unwrap();
        world.finish_steps();
        world.nature.lag_ms = 0;
        world.storage.forget_the_past();
        Circumstances::calm(&world)
    };
    run(world, calm).await;
}

/// A run that moves nothing, and when it begins.
enum Aside {
    Nobody,
    /// So long after the migrations.
    Beside(Duration, Circumstances),
    /// When they are over.
    Afterwards(Circumstances),
}

impl Aside {
    fn any(world: &mut World) -> Self {
        if !world.rng.once_in(2) {
            return Self::Nobody;
        }
        let is_beside = !world.rng.once_in(3);
        let run = match world.rng.below(6) {
            0 => Circumstances::verifying(world),
            1..4 => Circumstances::unmarking(world),
            _ => Circumstances::cleaning(world, is_beside),
        };
        if is_beside {
            let longest = longest_ms(world);
            Self::Beside(Duration::from_millis(world.rng.below(longest)), run)
        } else {
            Self::Afterwards(run)
        }
    }
}

/// Whoever has taken marks back starts the source's compactor anew, or does not.
fn restart(world: &Mutex<World>) {
    let mut world = world.lock().unwrap();
    if world.nature.remembers && world.rng.once_in(2) {
        world.restart_the_compactor();
    }
}

async fn undisturbed(world: &Arc<Mutex<World>>) {
    let (dry, calm) = {
        let mut world = world.lock().unwrap();
        world.finish_steps();
        world.others_act = false;
        world.archived.clear();
        (Circumstances::dry(&world), Circumstances::calm(&world))
    };
    let planned = run(world, dry).await;
    world.lock().unwrap().judge_requests_of_a_plan(planned);
    let done = run(world, calm.clone()).await;
    world.lock().unwrap().judge_foretold(planned, done);
    let again = run(world, calm).await;
    let mut world = world.lock().unwrap();
    world.judge_convergence(done, again);
    world.judge_the_end();
}

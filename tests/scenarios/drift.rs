use crate::on_both_wires;
use crate::repository::config_map;
use crate::world::World;

on_both_wires! {
    a_foreign_edit_of_an_owned_field_is_put_back_and_one_of_another_field_is_left,
    an_object_that_was_deleted_by_hand_returns,
    drift_and_a_new_commit_before_a_restart_are_no_conflict,
}

fn a_foreign_edit_of_an_owned_field_is_put_back_and_one_of_another_field_is_left(world: &mut World) {
    world.tenant("drift");
    world.repository.module("drift", "web", &[], &config_map("drift", "web", "ours"));
    let commit = world.repository.commit("A value");
    let uid = world.config_map_is("drift", "web", "ours");
    world.has_applied("module/drift/web", &commit);

    // One edit of both: once the one is put back, the other has been decided too.
    let edit = r#"{"data":{"value":"theirs","more":"theirs"},"metadata":{"labels":{"theirs":"yes"}}}"#;
    world
        .kubectl(&[
            "patch",
            "configmap",
            "web",
            "-n",
            "drift",
            "--type=merge",
            "--field-manager=edit",
            "-p",
            edit,
        ])
        .expect_success();
    assert_eq!(world.config_map_is("drift", "web", "ours"), uid);

    let object = world.object("configmap", "drift", "web").expect("it exists");
    assert_eq!(object["data"]["more"], "theirs");
    assert_eq!(object["metadata"]["labels"]["theirs"], "yes");
    world.is("module/drift/web", "Ready");
}

fn an_object_that_was_deleted_by_hand_returns(world: &mut World) {
    world.tenant("deleted");
    world.repository.module("deleted", "web", &[], &config_map("deleted", "web", "ours"));
    let commit = world.repository.commit("A value");
    let uid = world.config_map_is("deleted", "web", "ours");
    world.has_applied("module/deleted/web", &commit);

    world.kubectl(&["delete", "configmap", "web", "-n", "deleted"]).expect_success();

    let anew = world.config_map_is("deleted", "web", "ours");
    assert_ne!(anew, uid);
    world.until("the inventory names the new object", |world| {
        let unit = world.unit("module/deleted/web")?;
        let entry = unit["inventory"][0].as_str().unwrap_or_default();
        if entry.contains(&format!("uid={anew}")) && unit["phase"] == "Ready" {
            Ok(())
        } else {
            Err(unit.to_string())
        }
    });
}

/// What was applied last is not in the daemon's memory any more; the repository still has it.
fn drift_and_a_new_commit_before_a_restart_are_no_conflict(world: &mut World) {
    world.tenant("restart");
    world.repository.module("restart", "web", &[], &config_map("restart", "web", "first"));
    let commit = world.repository.commit("A value");
    world.has_applied("module/restart/web", &commit);
    world.mainstay(&["suspend", "module/restart/web"]).expect_success();
    world.is("module/restart/web", "Suspended");
    let edit = ["patch", "configmap", "web", "-n", "restart", "--type=merge", "--field-manager=edit", "-p"];
    world.kubectl(&[&edit[..], &[r#"{"data":{"value":"theirs"}}"#]].concat()).expect_success();
    world.repository.module("restart", "web", &[], &config_map("restart", "web", "second"));
    let commit = world.repository.commit("Another value");
    world.has_read(&commit);

    world.kill();
    world.run();
    world.has_read(&commit);
    world.mainstay(&["resume", "module/restart/web"]).expect_success();
    world.has_applied("module/restart/web", &commit);
    world.config_map_is("restart", "web", "second");
}

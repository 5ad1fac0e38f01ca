using System.Text.Json.Nodes;
using SparkTrain.Input;

namespace SparkTrain.Checkpoints.Tests;

public sealed class CheckpointLocationTests : IDisposable
{
    private readonly SavedRun run = new();

    public void Dispose() => run.Dispose();

    [Fact]
    public void A_run_its_checkpoints_and_one_of_them_are_told_apart()
    {
        string saved = run.Save(7);
        foreach (string path in (string[])[run["run"], run["run/"], run["run/checkpoints"], run["run/checkpoints/"]])
            Assert.Equal(saved, Assert.Single(CheckpointLocation.Find(path)!.Entries()).Folder);
        Assert.All([saved, saved + "/"], path =>
        {
            var location = CheckpointLocation.Find(path)!;
            Assert.Equal((saved, run["run"]), (location.Checkpoint, location.Run));
        });
        Directory.CreateDirectory(run["empty"]);
        Assert.Null(CheckpointLocation.Find(run["empty"]));
        Assert.Contains("no such folder", Assert.Throws<CheckpointException>(() => CheckpointLocation.Find(run["absent"])).Message, StringComparison.Ordinal);
        Assert.Contains("is a file", Assert.Throws<CheckpointException>(() => CheckpointLocation.Find(Path.Combine(saved, "COMPLETE"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_folder_is_listed_with_what_it_is_newest_first()
    {
        foreach (long step in (long[])[1, 2, 3, 4, 5, 6]) run.Save(step);
        CheckpointStore.SetAside(run.Store.PathOf(6));
        File.Delete(Path.Combine(run.Store.PathOf(4), "COMPLETE"));
        var manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(run.Store.PathOf(3), "manifest.json")))!;
        manifest["format_version"] = 9;
        File.WriteAllText(Path.Combine(run.Store.PathOf(3), "manifest.json"), manifest.ToJsonString());
        File.WriteAllText(Path.Combine(run.Store.PathOf(2), "manifest.json"), "{");
        Directory.CreateDirectory(run["run/checkpoints/.tmp-step-00000007"]);
        Directory.CreateDirectory(run["run/checkpoints/notes"]);

        var entries = CheckpointLocation.Find(run["run"])!.Entries();
        Assert.Equal(
            [(7, CheckpointState.Unfinished), (6, CheckpointState.SetAside), (5, CheckpointState.Complete), (4, CheckpointState.Incomplete), (3, CheckpointState.OtherFormat), (2, CheckpointState.Unreadable), (1, CheckpointState.Complete)],
            entries.Select(entry => (entry.Step, entry.State)));
        Assert.Equal("the checkpoint has format 9", entries[4].Reason);
        Assert.Contains("manifest.json", entries[5].Verified().Problems!.Single().Where, StringComparison.Ordinal);
        Assert.Equal([0, 1], ((int[])[6, 4]).Select(i => entries[i].Verified().Problems!.Count));
        Assert.Equal(Directory.GetFiles(run.Store.PathOf(5)).Sum(file => new FileInfo(file).Length), entries[2].Bytes);
    }

    [Fact]
    public void The_newest_that_is_good_is_chosen_and_what_is_wrong_with_newer_ones_is_told()
    {
        foreach (long step in (long[])[5, 6, 7]) run.Save(step);
        List<string> skipped = [];
        var location = CheckpointLocation.Find(run["run"])!;
        void Damage(long step) => File.WriteAllText(Path.Combine(run.Store.PathOf(step), CheckpointManifest.ShardName(0, 2)), "");
        Damage(7);
        Assert.Equal(6, location.Choose(null, problem => skipped.Add(problem.Where)).Manifest.Progress.Step);
        Assert.Equal([Path.Combine(run.Store.PathOf(7), CheckpointManifest.ShardName(0, 2))], skipped);
        Assert.Equal(5, location.Choose(5, _ => Assert.Fail("nothing was skipped")).Manifest.Progress.Step);
        Assert.Contains("one of 7, 6, 5", Assert.Throws<CheckpointException>(() => location.Choose(4, _ => { })).Message, StringComparison.Ordinal);
        Damage(6);
        Damage(5);
        string none = Assert.Throws<CheckpointException>(() => location.Choose(null, _ => { })).Message;
        Assert.Contains("none of the 3 checkpoints is good", none, StringComparison.Ordinal);
        Assert.All((long[])[5, 6, 7], step => Assert.Contains($"{run.Store.PathOf(step)}/rank-00000-of-00002.safetensors: the file has 0 bytes", none, StringComparison.Ordinal));
    }
}

using System.Text;
using System.Text.Json.Nodes;
using SparkTrain.ModelFormat;
using SparkTrain.Support;

namespace SparkTrain.Checkpoints.Tests;

public sealed unsafe class ModelSourceTests : IDisposable
{
    private readonly SavedRun run = new();

    public void Dispose() => run.Dispose();

    [Fact]
    public void A_run_its_checkpoints_and_one_of_them_have_the_weights_that_were_saved()
    {
        run.Save(6);
        string newest = run.Save(7);
        foreach (string path in (string[])[run["run"], run["run/checkpoints"], newest])
        {
            using var source = ModelSource.Open(path, skipped: null);
            Assert.Equal((newest, run["run/tokenizer"]), (source.Folder, source.TokenizerFolder));
            Assert.Equal(7, source.Run!.Value.Manifest.Progress.Step);
            Assert.Equal(SavedRun.Model.DModel, source.Config.DModel);
            Assert.All(WeightSlots.Of(SavedRun.Model), weight => Assert.Equal(SavedRun.ValueOf(weight.Name, 1), ((float*)source.Weights.Read(weight))[1]));
        }
        using var older = ModelSource.Open(run["run"], skipped: null, _ => 6);
        Assert.Equal(6, older.Run!.Value.Manifest.Progress.Step);
    }

    [Fact]
    public void A_checkpoint_of_an_earlier_version_keeps_its_keys_under_their_new_names()
    {
        string checkpoint = run.Save(1);
        var manifest = JsonNode.Parse(File.ReadAllBytes(Path.Combine(checkpoint, CheckpointManifest.FileName)))!;
        manifest["config"]!["Model"]!["RmsNormEps"] = 1e-5;
        SavedRun.Rewrite(checkpoint, Encoding.UTF8.GetBytes(manifest.ToJsonString()));
        using var source = ModelSource.Open(checkpoint, skipped: null);
        Assert.Equal(1e-5, source.Config.Norm.Eps);
        Assert.Equal("""{"Eps":1E-05}""", source.Run!.Value.Manifest.Config["Model"]!["Norm"]!.ToJsonString());
    }

    [Fact]
    public void A_damaged_newest_checkpoint_is_passed_over_aloud_or_refused()
    {
        string good = run.Save(6), damaged = run.Save(7), shard = Path.Combine(damaged, CheckpointManifest.ShardName(0, 2));
        File.WriteAllText(shard, "");
        List<string> skipped = [];
        using (var source = ModelSource.Open(run["run"], problem => skipped.Add(problem.Where))) Assert.Equal(good, source.Folder);
        Assert.Equal([shard], skipped);
        Assert.Equal(shard, Assert.Throws<CheckpointException>(() => ModelSource.Open(run["run"], skipped: null)).Where);
        Assert.Equal(shard, Assert.Throws<CheckpointException>(() => ModelSource.Open(damaged, problem => skipped.Add(problem.Where))).Where);
    }

    [Fact]
    public void A_model_folder_holds_its_tokenizer_itself()
    {
        string folder = run["model"];
        using (var saved = ModelSource.Open(run.Save(1), skipped: null))
            ModelExport.Write(saved.Weights, folder, TensorType.F32, long.MaxValue, [new(ModelFolder.ConfigFile, HuggingFaceConfig.Write(SavedRun.Model, TensorType.F32))]);
        using var source = ModelSource.Open(folder, skipped: null);
        Assert.Equal((folder, folder), (source.Folder, source.TokenizerFolder));
        Assert.Null(source.Run);
        Assert.Equal(SavedRun.ValueOf(WeightNames.FinalNorm, 2), ((float*)source.Weights.Read(WeightSlots.Of(SavedRun.Model).FinalNorm))[2]);
    }

    [Fact]
    public void Anything_else_is_refused_with_what_it_is()
    {
        Directory.CreateDirectory(run["empty"]);
        Directory.CreateDirectory(run["begun/checkpoints"]);
        File.WriteAllText(run["file"], "");
        string Refusal(string path) => Assert.Throws<CheckpointException>(() => ModelSource.Open(run[path], skipped: null)).Found;
        Assert.Equal("there is no such folder", Refusal("absent"));
        Assert.Equal("it is a file", Refusal("file"));
        Assert.Equal("it holds neither checkpoints nor config.json", Refusal("empty"));
        Assert.Equal("there is no checkpoint", Refusal("begun"));
    }
}

using System.Diagnostics;
using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.ModelFormat;
using SparkTrain.ModelFormat.Gguf;
using SparkTrain.Tokenizers;
using SparkTrain.Trainer;

namespace SparkTrain.Bench;

/// <summary>The models of random weights that decoding is measured with.</summary>
internal static class DecodeModels
{
    /// <summary>The dense model and the sparse one of equal size.</summary>
    public const string Dense = "gemma2-2b", Spark = "spark-2b";

    // Hugging Face's default.
    private const long ShardBytes = 5_000_000_000;

    /// <summary>The shape of a configuration: a shipped one by name, or a file.</summary>
    public static ModelConfig Shape(string config) => File.Exists(config) ? StrictConfiguration.Load<TrainConfig>(config, []).Value.Model : BenchModels.Shipped(Path.GetFileNameWithoutExtension(config)).Model;

    /// <summary>Writes a model: <c>OUTPUT [config=configs/spark-2b.json] [seed=1] [format=huggingface | gguf]</c>.</summary>
    public static int Write(string output, Settings settings)
    {
        string config = settings["config", $"configs/{Spark}.json"], format = settings["format", "huggingface"];
        var watch = Stopwatch.StartNew();
        using var weights = new RandomWeights(Shape(config), (ulong)settings.Int("seed", 1));
        if (format == "gguf") WriteGguf(weights, output);
        else
        {
            string tokenizer = Directory.CreateTempSubdirectory("sparktrain-bench-").FullName;
            try
            {
                TokenizerLoader.Load("byte").Save(tokenizer);
                var files = Directory.GetFiles(tokenizer).Select(file => new FolderFile(Path.GetFileName(file), CopyOf: file)).Prepend(new(ModelFolder.ConfigFile, HuggingFaceConfig.Write(weights.Config, TensorType.BF16)));
                ModelExport.Write(weights, output, type: null, ShardBytes, files);
            }
            finally
            {
                Directory.Delete(tokenizer, recursive: true);
            }
        }
        Console.WriteLine(FormattableString.Invariant($"{output}: {ParameterCount.Of(weights.Config).Total / 1e9:f2} G random parameters of {config}, {watch.Elapsed.TotalSeconds:f1} s"));
        return 0;
    }

    /// <summary>Writes the file for llama.cpp, where it is not there yet.</summary>
    public static void WriteGguf(RandomWeights weights, string path)
    {
        string tokenizer = Directory.CreateTempSubdirectory("sparktrain-bench-").FullName;
        try
        {
            var bytes = TokenizerLoader.Load("byte");
            bytes.Save(tokenizer);
            ModelExport.WriteGguf(weights, path, "random weights", TensorType.BF16, GgufTokenizer.Read(Path.Combine(tokenizer, "tokenizer.json"), weights.Config.VocabSize, bytes.BosToken, bytes.EosToken));
        }
        finally
        {
            Directory.Delete(tokenizer, recursive: true);
        }
    }
}

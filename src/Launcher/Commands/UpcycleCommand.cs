using System.CommandLine;
using System.Globalization;
using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.Data;
using SparkTrain.Input;
using SparkTrain.Launcher.Export;
using SparkTrain.Model;
using SparkTrain.ModelFormat;
using SparkTrain.Native;
using SparkTrain.Tokenizers;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>upcycle</c>: makes a Spark model of a dense one, to train on from.</summary>
internal static class UpcycleCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("upcycle", "Make a Spark model of a dense Gemma-2 model, by allocating its parameters anew; train on from it.");
        var model = ModelOption.Create();
        var output = new Option<string>("--output") { HelpName = "DIR", Required = true, Description = "The model folder to make; it must be empty or not there yet." };
        var data = new Option<string?>("--data") { HelpName = "DIR", Description = "A dataset of the model's tokenizer: its text tells how the halves of an input hang together, and its validation split measures the losses. Without it the halves are taken for independent." };
        var samples = new Option<int>("--samples") { HelpName = "N", Description = "Samples of the dataset to look at.", DefaultValueFactory = _ => 64 };
        var ffnPredictor = new Option<int?>("--ffn-predictor-dim") { HelpName = "R", Description = "Coordinates that pick the neurons; half of the model's width where not given." };
        var attentionPredictor = new Option<int?>("--attention-predictor-dim") { HelpName = "R", Description = "Coordinates of a head that pick the keys; half of it where not given." };
        var share = new RealOption("--active") { HelpName = "F", Description = "Share of the neurons aimed at.", DefaultValueFactory = _ => 0.08 };
        var keys = new Option<int>("--keys") { HelpName = "K", Description = "Keys per query aimed at.", DefaultValueFactory = _ => 256 };
        var seed = new Option<long>("--seed") { HelpName = "N", Description = "Seed of the neurons that are new.", DefaultValueFactory = _ => 1 };
        var threads = ModelOption.Threads();
        foreach (var option in (Option[])[model, output, data, samples, ffnPredictor, attentionPredictor, share, keys, seed, threads]) command.Options.Add(option);
        command.SetAction(arguments =>
        {
            if (arguments.GetValue(share) is not (> 0 and <= 1)) throw new ConfigurationException($"--active is {arguments.GetValue(share)}; must be above 0 and at most 1.");
            foreach (var (name, value) in ((string, long)[])[("--samples", arguments.GetValue(samples)), ("--keys", arguments.GetValue(keys))])
                if (value < 1) throw new ConfigurationException($"{name} is {value}; must be at least 1.");
            string folder = arguments.GetValue(output)!;
            ModelExport.RequireFree(folder);
            LibTorch.Load(arguments.GetValue(threads));
            using var dense = TrainedModel.Load(arguments.GetValue(model)!, new ComputeOptions(), ModelOption.Skipped(terminal));
            var shape = SparkUpcycling.Shape(dense.Model.Config, arguments.GetValue(ffnPredictor), arguments.GetValue(attentionPredictor), arguments.GetValue(share), arguments.GetValue(keys));
            using var spark = Make(dense, shape, arguments.GetValue(data), arguments.GetValue(samples), arguments.GetValue(seed), terminal);
            ModelExport.Publish(folder, temporary =>
            {
                ModelWeights.Save(spark, temporary, TensorType.F32);
                foreach (var file in ExportSource.TokenizerFiles(dense.TokenizerFolder)) file.WriteTo(temporary);
            });
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{folder}: {ParameterCount.Of(shape).Total:N0} parameters, {shape.Ffn.Active} of {shape.Ffn.DFf} neurons, {shape.Attention.Active} keys"));
            return ExitCodes.Done;
        });
        return command;
    }

    private static Transformer Make(TrainedModel dense, ModelConfig shape, string? folder, int count, long seed, Terminal terminal)
    {
        var spark = new Transformer(shape, new ComputeOptions());
        if (folder is null)
        {
            SparkUpcycling.Fill(spark, dense.Model, null, seed);
            return spark;
        }
        var source = new DataSourceConfig { Name = "data", Folder = folder };
        var config = new DataConfig { Sources = [source] };
        using var data = DataMixture.Open(config);
        int seqLen = (int)Math.Min(shape.MaxSeqLen, data.Sources[0].Dataset.Train.Tokens - 1);
        var moments_LDD = FfnInputMoments.Measure(dense.Model, new TrainingSamples(data, config, seqLen, seed: 1), count);
        SparkUpcycling.Fill(spark, dense.Model, moments_LDD, seed);
        foreach (var moments_DD in moments_LDD) moments_DD.Dispose();

        Report("the dense model", dense.Model);
        spark.Options.Level.FfnFraction = 1;
        spark.Options.Level.AttentionKeys = shape.MaxSeqLen;
        Report("the Spark model, nothing dropped", spark);
        (spark.Options.Level.FfnFraction, spark.Options.Level.AttentionKeys) = (null, null);
        Report("the Spark model", spark);
        return spark;

        void Report(string name, Transformer model)
        {
            var loss = new DatasetEvaluator(model, dense.Tokenizer, dense.TokenizerFolder, seqLen, 4).Run(source, 65_536);
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name + ":",-34} {loss.Nats:F4} nats per token on {loss.Targets:N0} tokens of validation"));
        }
    }
}

using System.Globalization;
using SparkTrain.Checkpoints;
using SparkTrain.ModelFormat;

namespace SparkTrain.Launcher.Inspection;

/// <summary>Renders one checkpoint for people.</summary>
internal static class CheckpointText
{
    public static void Write(CheckpointEntry entry, CheckpointManifest manifest, double? valLoss, TextWriter output)
    {
        void Row(string name, FormattableString value) => output.WriteLine($"  {name,-16}{value.ToString(CultureInfo.InvariantCulture)}");
        var (model, tensors, progress) = (SavedModel.Config(entry.Folder, manifest), SavedModel.Tensors(entry.Folder, manifest), manifest.Progress);

        output.WriteLine($"{entry.Folder}: {CheckpointTable.State(entry)}");
        Row("step", $"{progress.Step:N0}");
        Row("tokens", $"{progress.Tokens:N0}");
        Row("next sample", $"{progress.NextSample:N0}");
        Row("trained", $"{progress.Seconds:F1} s");
        if (valLoss is { } loss) Row("validation loss", $"{loss:F4} nats per token");
        Row("written", $"{entry.WrittenUtc:yyyy-MM-dd HH:mm:ss} UTC");
        Row("format", $"{manifest.FormatVersion}, written by SparkTrain {manifest.CodeVersion}");
        Row("ranks", $"{manifest.WorldSize}");
        Row("seed", $"{manifest.Seed}");
        Row("dataset", $"{manifest.DataFingerprint}");
        ModelText.Write(model, output);
        Row("tensors", $"{tensors.Count:N0} in {tensors.Sum(tensor => tensor.Pieces.Count):N0} pieces: weights, and the optimizer's state {string.Join(", ", SavedModel.OptimizerSlots(manifest).Select(slot => SavedModel.OptimizerPrefix(slot) + "…"))}");
        output.WriteLine("  files");
        foreach (var (name, file) in manifest.Files.OrderBy(file => file.Key, StringComparer.Ordinal))
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {name}  {file.Bytes:N0} bytes  sha256 {file.Sha256}"));
    }

    /// <summary>Lists tensors with where their pieces lie.</summary>
    public static void WriteTensors(IReadOnlyList<SavedTensor> tensors, TextWriter output)
    {
        output.WriteLine("  tensors");
        foreach (var (name, dtype, shape, pieces) in tensors)
        {
            output.WriteLine($"    {name}  {dtype} {TensorInfo.Text(shape)}");
            foreach (var piece in pieces)
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"      {piece.First}:{piece.First + piece.Length / dtype.Size()}  {piece.File}, bytes {piece.Offset} to {piece.Offset + piece.Length}"));
        }
    }
}

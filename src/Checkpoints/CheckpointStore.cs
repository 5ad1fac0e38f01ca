using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using SparkTrain.Input;
using SparkTrain.ModelFormat;

namespace SparkTrain.Checkpoints;

/// <summary>The folder <c>checkpoints/</c> of a run: one complete folder per saved step, found again after any interruption.</summary>
/// <param name="folder">The checkpoints folder; it need not be there yet.</param>
public sealed partial class CheckpointStore(string folder)
{
    /// <summary>The prefix of checkpoints that were taken out of the way.</summary>
    public const string AsidePrefix = "aside-";

    private const string StepPrefix = "step-", ExpiredSuffix = "-expired";

    /// <summary>The checkpoints folder.</summary>
    public string Folder => folder;

    /// <summary>Complete checkpoints, newest first. Their files may have been damaged since: see <see cref="CheckpointVerification"/>.</summary>
    public IReadOnlyList<string> Complete() =>
        !Directory.Exists(folder) ? [] : [.. Directory.EnumerateDirectories(folder, StepPrefix + "*").Where(path => IsComplete(path) && HasStep(path)).OrderByDescending(StepOf)];

    /// <summary>Every folder that is a checkpoint, was one, or is to become one.</summary>
    public IEnumerable<string> All() => !Directory.Exists(folder) ? [] : Directory.EnumerateDirectories(folder).Where(path => StepIn(path) is not null);

    /// <summary>The folder of the checkpoint of a step.</summary>
    public string PathOf(long step) => Path.Combine(folder, StepPrefix + step.ToString("D8", CultureInfo.InvariantCulture));

    /// <summary>The step of a checkpoint's folder.</summary>
    public static long StepOf(string checkpoint) => long.Parse(Path.GetFileName(checkpoint).AsSpan(StepPrefix.Length), CultureInfo.InvariantCulture);

    /// <summary>The step in the name of a checkpoint's folder, be it complete, unfinished or set aside; null for any other name.</summary>
    public static long? StepIn(string path) =>
        NameOfAny().Match(Path.GetFileName(path)) is { Success: true } match && long.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out long step) ? step : null;

    /// <summary>True where a folder is a checkpoint that was written to its end.</summary>
    public static bool IsComplete(string checkpoint) => File.Exists(Path.Combine(checkpoint, CompleteMark.FileName));

    /// <summary>Deletes what interrupted saves have left. Nobody may be saving.</summary>
    /// <exception cref="CheckpointException">The folder is not writable.</exception>
    public void ClearUnfinished() => Change(folder, () =>
    {
        if (!Directory.Exists(folder)) return;
        foreach (string left in Directory.GetDirectories(folder, DurableFolder.TemporaryPrefix + "*")) Directory.Delete(left, recursive: true);
    });

    /// <summary>Takes a checkpoint that cannot be used out of the way, so that it is neither resumed from nor counted among those that stay; returns its new path.</summary>
    /// <exception cref="CheckpointException">The folder is not writable.</exception>
    public static string SetAside(string checkpoint)
    {
        string aside = Path.Combine(Path.GetDirectoryName(checkpoint)!, AsidePrefix + Path.GetFileName(checkpoint));
        Change(checkpoint, () =>
        {
            if (Directory.Exists(aside)) Directory.Delete(aside, recursive: true);
            Directory.Move(checkpoint, aside);
        });
        return aside;
    }

    /// <summary>The temporary folder that the shards of a step are written into.</summary>
    public string TemporaryOf(long step) => DurableFolder.TemporaryOf(PathOf(step));

    /// <summary>Makes a checkpoint of the shards in the temporary folder of a step: writes the manifest and <c>COMPLETE</c>, and puts the folder in its place.</summary>
    /// <param name="step">The step.</param>
    /// <param name="files">The shards; their headers are read to find the tensors.</param>
    /// <param name="describe">Makes the manifest from the table of tensors.</param>
    /// <exception cref="IOException">The disk is full or not writable.</exception>
    /// <exception cref="ModelFormatException">A shard is not what was written.</exception>
    public void Publish(long step, IReadOnlyDictionary<string, ShardFile> files, Func<IReadOnlyDictionary<string, IReadOnlyList<TensorPlace>>, CheckpointManifest> describe)
    {
        string temporary = TemporaryOf(step);
        byte[] manifest = JsonSerializer.SerializeToUtf8Bytes(describe(Places(temporary, files.Keys)), CheckpointManifest.Json);
        DurableFolder.WriteFile(Path.Combine(temporary, CheckpointManifest.FileName), manifest);
        DurableFolder.WriteFile(Path.Combine(temporary, CompleteMark.FileName), CompleteMark.Of(manifest));
        DurableFolder.End(PathOf(step));
    }

    /// <summary>Deletes the checkpoints that need not stay. What cannot be deleted now is tried again next time.</summary>
    /// <param name="config">Which stay.</param>
    /// <param name="valLosses">Validation loss of the steps that were validated, in nats per token.</param>
    public void Expire(CheckpointConfig config, IReadOnlyDictionary<long, double> valLosses)
    {
        foreach (long step in Retention.Expired(Complete().Select(StepOf), config, valLosses)) TryDelete(PathOf(step), under: TemporaryOf(step) + ExpiredSuffix);
    }

    /// <summary>Deletes the temporary folder of a step, where there is one and it can be deleted.</summary>
    public void TryDiscard(long step) => TryDelete(TemporaryOf(step), under: TemporaryOf(step));

    /// <summary>Says how much room the disk has.</summary>
    public string FreeText()
    {
        try
        {
            return string.Create(CultureInfo.InvariantCulture, $"{new DriveInfo(folder).AvailableFreeSpace / 1e6:F0} MB free");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return "free space unknown";
        }
    }

    private static void Change(string path, Action act)
    {
        try
        {
            act();
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
            var (expected, remedy) = IoFailure.Explain(e);
            throw new CheckpointException(path, $"it cannot be changed ({e.Reason()})", expected, remedy, e);
        }
    }

    // Half deleted under its own name it would be no checkpoint, and stay for ever.
    private static void TryDelete(string folder, string under)
    {
        try
        {
            if (under != folder) Directory.Move(folder, under);
            Directory.Delete(under, recursive: true);
        }
        catch (Exception e) when (IoFailure.Is(e))
        {
        }
    }

    private static Dictionary<string, IReadOnlyList<TensorPlace>> Places(string temporary, IEnumerable<string> files) => files
        .SelectMany(file => SafetensorsHeader.Read(Path.Combine(temporary, file)).Tensors.Select(tensor => (TensorPiece.Parse(tensor.Key), File: file, tensor.Value)))
        .GroupBy(t => t.Item1.Name)
        .ToDictionary(t => t.Key, t => (IReadOnlyList<TensorPlace>)[.. t.Select(p => new TensorPlace(p.File, p.Value.Offset, p.Value.Info.ByteLength, p.Item1.First)).OrderBy(p => p.First)]);

    [GeneratedRegex(@"^(?:\.tmp-|aside-)?step-(\d+)(?:-replaced|-expired)?$")]
    private static partial Regex NameOfAny();

    private static bool HasStep(string checkpoint) => long.TryParse(Path.GetFileName(checkpoint).AsSpan(StepPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out _);
}

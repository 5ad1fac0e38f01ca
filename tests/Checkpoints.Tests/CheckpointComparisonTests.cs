using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using SparkTrain.ModelFormat;
using SparkTrain.Support;

namespace SparkTrain.Checkpoints.Tests;

public sealed unsafe class CheckpointComparisonTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Checkpoints_of_any_number_of_ranks_are_compared_by_what_they_hold()
    {
        string one = Save("one", ("a", [1, 2, 3, 4, 5], []), ("b", [6], []));
        Assert.Null(CheckpointComparison.FirstDifference(one, Save("same", ("a", [1, 2, 3, 4, 5], []), ("b", [6], []))));
        Assert.Null(CheckpointComparison.FirstDifference(one, Save("two", ("a", [1, 2, 3, 4, 5], [2]), ("b", [6], []))));
        Assert.Null(CheckpointComparison.FirstDifference(Save("halves", ("a", [1, 2, 3, 4, 5], [3]), ("b", [6], [])), Save("three", ("a", [1, 2, 3, 4, 5], [1, 4]), ("b", [6], []))));
    }

    [Fact]
    public void The_first_difference_is_named_by_tensor_and_element()
    {
        string one = Save("one", ("a", [1, 2, 3, 4, 5], []), ("b", [6], []));
        Assert.Equal(new("a, element 3", "4 (bits 40800000)", "7 (bits 40e00000)"), CheckpointComparison.FirstDifference(one, Save("other", ("a", [1, 2, 3, 7, 8], [2]), ("b", [9], []))));
        Assert.Equal(new("b, element 0", "6 (bits 40c00000)", "-6 (bits c0c00000)"), CheckpointComparison.FirstDifference(one, Save("negative", ("a", [1, 2, 3, 4, 5], []), ("b", [-6], []))));
    }

    [Fact]
    public void Zeros_of_both_signs_differ()
    {
        Assert.Equal(new("a, element 1", "0 (bits 00000000)", "-0 (bits 80000000)"), CheckpointComparison.FirstDifference(Save("one", ("a", [1, 0], [])), Save("other", ("a", [1, -0.0f], []))));
    }

    [Fact]
    public void A_tensor_that_is_missing_or_longer_differs()
    {
        string one = Save("one", ("a", [1], []), ("b", [2], []));
        Assert.Equal(new("b", "1 elements", "0 elements"), CheckpointComparison.FirstDifference(one, Save("fewer", ("a", [1], []))));
        Assert.Equal(new("c", "0 elements", "2 elements"), CheckpointComparison.FirstDifference(one, Save("more", ("a", [1], []), ("b", [2], []), ("c", [3, 4], []))));
    }

    // Each tensor with the elements before which it is cut; the pieces go to a file each.
    private string Save(string run, params (string Name, float[] Values, int[] Cuts)[] tensors)
    {
        var store = new CheckpointStore(folder[run]);
        int world = 1 + tensors.Max(tensor => tensor.Cuts.Length);
        string temporary = Directory.CreateDirectory(store.TemporaryOf(1)).FullName;
        Dictionary<string, ShardFile> files = [];
        for (int rank = 0; rank < world; rank++)
        {
            List<(TensorInfo, SafetensorsWriter.Source)> pieces = [];
            foreach (var (name, values, cuts) in tensors)
            {
                int[] borders = [0, .. cuts, values.Length];
                if (rank + 1 >= borders.Length) continue;
                int first = borders[rank];
                float[] pinned = GC.AllocateArray<float>(values.Length, pinned: true);
                values.CopyTo(pinned, 0);
                pieces.Add((new TensorPiece(name, [values.Length], first, borders[rank + 1] - first).Info, () => (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(pinned, first)));
            }
            string file = CheckpointManifest.ShardName(rank, world), hash = SafetensorsWriter.Write(Path.Combine(temporary, file), pieces);
            files[file] = new(new FileInfo(Path.Combine(temporary, file)).Length, hash);
        }
        store.Publish(1, files, places => new()
        {
            FormatVersion = 2, CodeVersion = "0", Progress = new(1, 0, 0, 0), WorldSize = world, Seed = 1, DataFingerprint = "f", Config = new JsonObject(), Files = files, Tensors = places,
        });
        return store.PathOf(1);
    }
}

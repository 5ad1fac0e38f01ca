using System.Numerics;

namespace SparkTrain.Data;

/// <summary>
/// Packs pieces into rows of equal capacity by best fit, longest first (Ding et al., 2024, arXiv 2404.10830): each piece goes to the row that it leaves the least room in. No
/// piece is cut.
/// </summary>
internal static class BestFitPacking
{
    /// <summary>
    /// Returns the pieces of each row, by their index in <paramref name="lengths"/>, each at most <paramref name="capacity"/>. Of equally long pieces, and of rows with equal
    /// room, the earlier one is taken.
    /// </summary>
    public static List<List<int>> Pack(ReadOnlySpan<int> lengths, int capacity)
    {
        var rows = new List<List<int>>();
        var room = new OpenRows(capacity);
        foreach (var piece in LongestFirst(lengths, capacity))
        {
            var row = room.TakeSmallest(lengths[piece], out var left);
            if (row < 0)
            {
                (row, left) = (rows.Count, capacity);
                rows.Add([]);
            }
            rows[row].Add(piece);
            room.Add(left - lengths[piece], row);
        }
        return rows;
    }

    // Counting sort: lengths are small numbers.
    private static int[] LongestFirst(ReadOnlySpan<int> lengths, int capacity)
    {
        var starts = new int[capacity + 2];
        foreach (var length in lengths) starts[capacity - length + 1]++;
        for (var i = 1; i < starts.Length; i++) starts[i] += starts[i - 1];
        var order = new int[lengths.Length];
        for (var piece = 0; piece < lengths.Length; piece++) order[starts[capacity - lengths[piece]]++] = piece;
        return order;
    }

    /// <summary>Rows with room, found by how much: queues by room, and a bit for each room that some row has.</summary>
    private sealed class OpenRows(int capacity)
    {
        private readonly Queue<int>?[] rows = new Queue<int>?[capacity + 1];
        private readonly ulong[] present = new ulong[(capacity / 64) + 1];

        public void Add(int room, int row)
        {
            if (room == 0) return;
            (rows[room] ??= new Queue<int>()).Enqueue(row);
            present[room / 64] |= 1UL << (room % 64);
        }

        /// <summary>Takes the row with the least room that is at least <paramref name="least"/>; −1 where there is none.</summary>
        public int TakeSmallest(int least, out int room)
        {
            room = 0;
            var word = least / 64;
            var bits = present[word] & (ulong.MaxValue << (least % 64));
            while (bits == 0)
            {
                if (++word == present.Length) return -1;
                bits = present[word];
            }
            room = (word * 64) + BitOperations.TrailingZeroCount(bits);
            var row = rows[room]!.Dequeue();
            if (rows[room]!.Count == 0) present[word] &= ~(1UL << (room % 64));
            return row;
        }
    }
}

using CsCheck;

namespace SparkTrain.Data.Tests;

public sealed class BestFitPackingTests
{
    private static readonly Gen<(int Capacity, int[] Lengths)> Cases =
        from capacity in Gen.Int[2, 150] from lengths in Gen.Int[2, capacity].Array[0, 200] select (capacity, lengths);

    [Fact]
    public void It_is_best_fit_decreasing() => Cases.Sample(c =>
    {
        var rows = BestFitPacking.Pack(c.Lengths, c.Capacity);
        Assert.Equal(Naive(c.Lengths, c.Capacity).Select(r => string.Join(' ', r)), rows.Select(r => string.Join(' ', r)));
    }, iter: 300);

    // Johnson (1973): best fit decreasing needs at most 11/9 of the best packing and 4 rows; the best needs at least Σ/capacity.
    [Fact]
    public void Every_piece_lies_in_one_row_and_few_rows_suffice() => Cases.Sample(c =>
    {
        var rows = BestFitPacking.Pack(c.Lengths, c.Capacity);
        Assert.Equal(Enumerable.Range(0, c.Lengths.Length), rows.SelectMany(r => r).Order());
        Assert.All(rows, r => Assert.InRange(r.Sum(piece => c.Lengths[piece]), 1, c.Capacity));
        // No row could be put on top of another.
        var sums = rows.Select(r => r.Sum(piece => c.Lengths[piece])).Order().ToArray();
        if (sums.Length > 1) Assert.True(sums[0] + sums[1] > c.Capacity);
    }, iter: 300);

    // By hand: 6 and 4 fill a row of 10; 5 goes with 5; 3 finds no room.
    [Fact]
    public void A_packing_by_hand() =>
        Assert.Equal([[1, 4], [0, 3], [2]], BestFitPacking.Pack([5, 6, 3, 5, 4], 10));

    [Fact]
    public void Documents_become_pieces_whose_targets_are_all_tokens_but_the_first() => Gen.Select(Gen.Int[1, 100].Array[0, 20], Gen.Int[2, 30]).Sample((documents, capacity) =>
    {
        var pieces = DocumentPieces.Of(documents, capacity, LongDocuments.Cut);
        var targets = new List<long>();
        for (var i = 0; i < pieces.Lengths.Length; i++)
            for (var t = 1; t < pieces.Lengths[i]; t++) targets.Add(pieces.OffsetOf(i) + t);
        var (expected, start) = (new List<long>(), 0L);
        foreach (var document in documents)
        {
            for (var t = 1; t < document; t++) expected.Add(start + t);
            start += document;
        }
        Assert.Equal(expected, targets);
        Assert.Equal(expected.Count, pieces.Targets);
        // As few pieces as can hold them: capacity − 1 targets each.
        Assert.Equal(documents.Sum(d => (d - 1 + capacity - 2) / (capacity - 1)), pieces.Lengths.Length);
        Assert.Equal(documents.Count(d => d > capacity), pieces.CutDocuments);
        Assert.Equal(documents.Where(d => d <= capacity).Sum(d => d - 1), DocumentPieces.Of(documents, capacity, LongDocuments.Drop).Targets);
    }, iter: 300);

    private static List<List<int>> Naive(int[] lengths, int capacity)
    {
        var (rows, room, entered, clock) = (new List<List<int>>(), new List<int>(), new List<int>(), 0);
        foreach (var piece in Enumerable.Range(0, lengths.Length).OrderByDescending(i => lengths[i]))
        {
            var best = -1;
            for (var row = 0; row < rows.Count; row++)
                if (room[row] >= lengths[piece] && (best < 0 || room[row] < room[best] || (room[row] == room[best] && entered[row] < entered[best]))) best = row;
            if (best < 0)
            {
                best = rows.Count;
                rows.Add([]);
                room.Add(capacity);
                entered.Add(0);
            }
            rows[best].Add(piece);
            room[best] -= lengths[piece];
            entered[best] = ++clock;
        }
        return rows;
    }
}

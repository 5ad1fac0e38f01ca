using SparkTrain.Distributed;

namespace SparkTrain.Trainer;

/// <summary>
/// What the ranks tell each other in the one control sum of a step: the loss of every micro-batch, the squares of every cell of the gradient, who wants
/// to stop, and who has done its part of a checkpoint. Each number comes from one rank and is 0 on the others, so the sum is exact and everything made of it has the same bits on all ranks,
/// however many there are. A number that is not finite reaches all of them.
/// </summary>
public sealed class StepSums
{
    private const int NumbersPerSlot = 3;

    private readonly double[] numbers;
    private readonly int slots, cells;

    /// <summary>Makes room for the micro-batches of all ranks and the cells of a gradient of <paramref name="parameters"/> elements.</summary>
    public StepSums(int slots, long parameters)
    {
        (this.slots, cells) = (slots, (int)((parameters + FlatRange.Cell - 1) / FlatRange.Cell));
        numbers = new double[NumbersPerSlot * slots + cells + 2];
    }

    /// <summary>Σ g² of each cell of the gradient.</summary>
    public Span<double> CellSquares => numbers.AsSpan(NumbersPerSlot * slots, cells);

    /// <summary>True where a rank asked to stop.</summary>
    public bool Stop => numbers[^1] > 0;

    /// <summary>How many ranks have done their part of the checkpoint that is being written.</summary>
    public int PartsDone => (int)numbers[^2];

    /// <summary>The loss of the whole step, added up in the order of the micro-batches.</summary>
    public LossTotals Loss => LossOf(..slots);

    /// <summary>√Σ g² over the whole gradient, added up in the order of the cells.</summary>
    public double GradNorm
    {
        get
        {
            double sum = 0;
            foreach (double square in CellSquares) sum += square;
            return Math.Sqrt(sum);
        }
    }

    /// <summary>Forgets the step before.</summary>
    public void Clear() => Array.Clear(numbers);

    /// <summary>Notes the loss of a micro-batch of this rank.</summary>
    /// <param name="slot">Its number among those of all ranks.</param>
    /// <param name="loss">Its loss.</param>
    public void Set(int slot, LossTotals loss) => (numbers[NumbersPerSlot * slot], numbers[NumbersPerSlot * slot + 1], numbers[NumbersPerSlot * slot + 2]) = (loss.Nats, loss.Targets, loss.Bytes);

    /// <summary>The loss of some micro-batches, added up in their order.</summary>
    public LossTotals LossOf(Range batches)
    {
        var sum = new LossTotals();
        for (int i = NumbersPerSlot * batches.Start.Value; i < NumbersPerSlot * batches.End.Value; i += NumbersPerSlot) sum += new LossTotals(numbers[i], numbers[i + 1], numbers[i + 2]);
        return sum;
    }

    /// <summary>Exchanges the numbers with the other ranks.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="stop">True asks all ranks to stop after this step.</param>
    /// <param name="partDone">True where this rank has done its part of the checkpoint that is being written.</param>
    public void AllReduce(ICollectives ranks, bool stop, bool partDone)
    {
        (numbers[^1], numbers[^2]) = (stop ? 1 : 0, partDone ? 1 : 0);
        ranks.AllReduceSum(numbers);
    }
}

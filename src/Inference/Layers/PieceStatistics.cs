using SparkTrain.Numerics;

namespace SparkTrain.Inference;

/// <summary>Mean and spread of a row of scores, taken piece by piece and put together in one order (Chan, Golub and LeVeque, 1979).</summary>
internal static unsafe class PieceStatistics
{
    /// <summary>Numbers kept for a piece: count, mean, sum of squared distances from it.</summary>
    public const int Numbers = 3;

    /// <summary>Takes the statistics of a piece.</summary>
    public static void Take(float* scores, int count, double* piece)
    {
        (piece[0], piece[1], piece[2]) = (count, 0, 0);
        if (count == 0) return;
        var (mean, deviation) = RowStatistics.OfRow(scores, count, 0);
        (piece[1], piece[2]) = (mean, deviation * deviation * count);
    }

    /// <summary>Returns mean and standard deviation of all pieces; the divisor is their count − correction.</summary>
    public static (double Mean, double Deviation) Of(double* pieces, int correction)
    {
        double count = 0, offset = 0, squares = 0, first = 0;
        for (int p = 0; p < DecodeLimits.FfnScorePieces; p++)
        {
            double n = pieces[p * Numbers];
            if (n == 0) continue;
            // Distances from the first mean: equal scores have exactly no spread.
            if (count == 0) first = pieces[p * Numbers + 1];
            double distance = pieces[p * Numbers + 1] - first;
            count += n;
            offset += n * distance;
            squares += pieces[p * Numbers + 2] + n * distance * distance;
        }
        double variance = (squares - offset * offset / count) / Math.Max(1, count - correction);
        return (first + offset / count, variance > 0 ? Math.Sqrt(variance) : double.IsNaN(variance) ? double.NaN : 0);
    }
}

namespace Sema.Onnx.Averaging;

[TestClass]
public sealed class PowerProfilesTests
{
    [TestMethod]
    [DataRow(30, 2.0, 70, 5.0)]
    [DataRow(70, 5.0, 30, 2.0)]
    [DataRow(50, 0.0, 50, 16.97)]
    public void A_product_of_profiles_is_its_integral(int t, double gamma, int u, double delta)
    {
        const int Parts = 200_000;
        double end = Math.Max(t, u), sum = 0;
        for (var i = 0; i < Parts; i++)
        {
            var tau = (i + 0.5) / Parts * end;
            sum += At(tau, t, gamma) * At(tau, u, delta) * end / Parts;
        }

        Assert.AreEqual(1, new PowerProfile(t, gamma).Dot(new(u, delta)) / sum, 1e-3);

        static double At(double tau, double last, double power) => tau <= last ? (power + 1) * Math.Pow(tau, power) / Math.Pow(last, power + 1) : 0;
    }

    [TestMethod]
    public void An_average_on_record_is_made_of_itself()
    {
        PowerProfile[] recorded = [new(10, 17), new(10, 7), new(20, 17), new(20, 7), new(30, 17), new(30, 7)];
        var shares = PowerProfiles.Shares(recorded, recorded[5]);
        for (var i = 0; i < shares.Length; i++)
            Assert.AreEqual(i == 5 ? 1 : 0, shares[i], 1e-8);
    }

    // The nearest to q = 10 τ⁹/T¹⁰ that p = 6 τ⁵/T⁶ alone can come is ⟨p, q⟩/⟨p, p⟩ = (60/15)/(36/11) = 1.22 p, whose sum is not 1.
    [TestMethod]
    public void Shares_add_up_to_1_where_the_nearest_profile_does_not() => Assert.AreEqual(1, PowerProfiles.Shares([new(20, 5)], new(20, 9)).Single(), 1e-12);

    // A weight that wanders for 400 steps; averages of widths 0.05 and 0.1 on record at every tenth step make those of other widths.
    [TestMethod]
    [DataRow(0.06)]
    [DataRow(0.08)]
    [DataRow(0.15)]
    public void An_average_of_another_width_comes_near_the_one_that_was_kept(double width)
    {
        const int Steps = 400;
        var random = new Random(7);
        double[] powers = [PostHocEma.Power(0.05), PostHocEma.Power(0.1), PostHocEma.Power(width)], e = new double[3];
        var (w, recorded) = (0.0, new List<(PowerProfile Profile, double Value)>());
        for (var t = 1; t <= Steps; t++)
        {
            w += random.NextDouble() - 0.5;
            for (var k = 0; k < 3; k++)
                e[k] += (1 - Math.Pow(1 - (1.0 / t), powers[k] + 1)) * (w - e[k]);
            if (t % 10 != 0)
                continue;
            recorded.Add((new(t, powers[0]), e[0]));
            recorded.Add((new(t, powers[1]), e[1]));
        }

        var shares = PowerProfiles.Shares([.. recorded.Select(r => r.Profile)], new(Steps, powers[2]));
        var made = shares.Zip(recorded, (share, r) => share * r.Value).Sum();
        Assert.AreEqual(1, shares.Sum(), 1e-12);
        Assert.AreEqual(e[2], made, 0.02 * Math.Abs(e[2] - w), "nearer by far than to the last weight");
    }
}
